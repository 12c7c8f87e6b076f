/** A SCIM target that is connected to the SCIM simulator, and what is asked of it. */

import { type ScimOptions, type ScimSimulator, startScim } from '../../../simulator/scim/index.ts';
import { operationKey, type RemoteId, remoteId, sourceId } from '../../../src/model/ids.ts';
import type { Operation } from '../../../src/model/operation.ts';
import { type Attributes, group, user } from '../../../src/model/source-object.ts';
import type { JsonObject } from '../../../src/model/target-record.ts';
import { scim } from '../../../src/target/scim/index.ts';
import type { Target } from '../../../src/target/target.ts';
import { type TestWorld, testWorld } from '../world.ts';

export const token = 'the-bearer-token';
export const signal = new AbortController().signal;

export const ada = user(sourceId('00000000-0000-4000-8000-000000000001'));
export const staff = group(sourceId('00000000-0000-4000-8000-000000000002'));

export const opened: { close(): Promise<void> }[] = [];
/** Each file that opens something has this called after each test. */
export const closeOpened = async (): Promise<void> => {
  for (const one of opened.splice(0).toReversed()) await one.close();
};

export type Setup = { readonly simulator: ScimSimulator; readonly target: Target; readonly world: TestWorld };
export const connected = async (settings: JsonObject = {}, options: ScimOptions = {}): Promise<Setup> => {
  const world = testWorld();
  const simulator = await startScim({ token, now: world.now, ...options });
  const target = scim.parse({ base_url: simulator.baseUrl, token, ...settings }).connect(world);
  opened.push(simulator, target);
  return { simulator, target, world };
};

export const create = async ({ target }: Setup, attributes: Attributes = {}): Promise<RemoteId> => {
  const given = { externalId: ada.id, userName: 'ada@example.com', ...attributes };
  return (await target.apply({ key: operationKey('c'), ref: ada, action: 'create', attributes: given }, signal))
    .remoteId;
};
export const update = ({ target }: Setup, id: RemoteId, attributes: Attributes, before: Attributes = {}) =>
  target.apply({ key: operationKey('u'), ref: ada, action: 'update', remoteId: id, attributes, before }, signal);
export const createStaff = async ({ target }: Setup): Promise<RemoteId> => {
  const attributes = { externalId: staff.id, displayName: 'Staff' };
  return (await target.apply({ key: operationKey('g'), ref: staff, action: 'create', attributes }, signal)).remoteId;
};
export const membership = (
  action: 'add_members' | 'remove_members',
  id: RemoteId,
  ids: readonly string[],
): Operation => ({
  key: operationKey('m'),
  ref: staff,
  action,
  remoteId: id,
  members: ids.map((member) => ({ ref: ada, remoteId: remoteId(member) })),
});

export const crowd = ({ simulator }: Setup, size: number): readonly string[] =>
  simulator.control.seed({ users: Array.from({ length: size }, (_, n) => ({ userName: `user-${n}` })) }).users;

/** What was sent since the log was last cleared, without discovery. */
export const sent = ({ simulator }: Setup): readonly string[] =>
  simulator.control
    .requests()
    .filter(({ path }) => !/^\/(ServiceProviderConfig|ResourceTypes)$/.test(path))
    .map(({ method, path }) => `${method} ${path.replace(/^(\/\w+)\/.*/, '$1/{id}')}`);
