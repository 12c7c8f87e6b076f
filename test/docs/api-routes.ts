/** The routes of the API, without a server behind them. */

import { allRoutes } from '../../src/admin/api/index.ts';
import type { Route } from '../../src/admin/api/route.ts';

export const apiRoutes = (): readonly Route[] => allRoutes(null);
