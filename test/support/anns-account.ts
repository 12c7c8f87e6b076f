/** What a simulated target holds of Ann, for tests of what the judges say. */

import { remoteId } from '../../src/model/ids.ts';
import type { Remote } from '../simulation/remote.ts';

export const annsAccount = (active: boolean): Remote => ({
  id: remoteId('r-ann'),
  type: 'user',
  externalId: 'ann',
  name: 'ann',
  displayName: 'Ann',
  active,
  title: null,
  department: null,
  manager: null,
  members: new Set(),
  stamp: '',
});
