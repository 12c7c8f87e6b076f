/** One HTTP exchange with a SCIM target: no repeating, no opinion. */

import type { Egress, Outlet } from '../../model/egress.ts';
import type { ScimSettings } from './settings.ts';

export type { Received, Sent } from '../../model/egress.ts';

export type Transport = Outlet;

/** More than any page or account needs; a group of 100,000 members is about 10 MB. */
const mostBytes = 16 * 1024 * 1024;

export const transportTo = (
  settings: Pick<ScimSettings, 'base_url' | 'concurrency' | 'timeout_secs'>,
  egress: Egress,
): Transport =>
  egress.open(new URL(settings.base_url), {
    connections: settings.concurrency,
    timeoutMs: settings.timeout_secs * 1_000,
    mostBytes,
  });
