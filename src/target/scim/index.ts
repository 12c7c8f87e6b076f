/** SCIM 2.0 targets (RFC 7643, RFC 7644), from the faithful to those that are SCIM in name. */

import { TargetError } from '../../model/errors.ts';
import type { Operation } from '../../model/operation.ts';
import type { World } from '../../model/world.ts';
import { type Applied, type AskKnown, defineTarget, type Target, type Witnesses } from '../target.ts';
import { check } from './check.ts';
import { create } from './create.ts';
import { isAbsent, isSuccess, unreadable } from './errors.ts';
import { findObjects, toRemoteObject } from './find.ts';
import { listMembers, listObjects } from './inventory.ts';
import { changeMembers, membersAtOnce } from './members.ts';
import { afterWrite, notApplied } from './read-back.ts';
import { readResource } from './read-resource.ts';
import { deleteRequest } from './requests.ts';
import { offersGroups, type Session, startSession, watched } from './session.ts';
import { parseSettings, type ScimSettings } from './settings.ts';
import { scimPath } from './target-path.ts';
import { type Transport, transportTo } from './transport.ts';
import { update } from './update.ts';
import { showsMembers } from './whole-group.ts';

export const scim = defineTarget({
  kind: 'scim',
  path: scimPath,
  parse: (input) => {
    const { settings, stored } = parseSettings(input);
    return {
      settings: stored,
      secrets: { token: settings.token },
      address: { setting: 'base_url', url: new URL(settings.base_url) },
      connect: (world) => connectScim(settings, world, transportTo(settings, world.egress)),
    };
  },
});

/** A target that is spoken to over this transport. */
export const connectScim = (
  settings: ScimSettings,
  world: World & { readonly witnesses: Witnesses },
  transport: Transport,
): Target => {
  const session = startSession(settings, world, transport);
  return {
    ready: async (signal) => {
      await session.profile(signal);
    },
    capabilities: {
      get groups() {
        return offersGroups(session);
      },
      disable: true,
      delete: true,
      concurrency: settings.concurrency,
      get membersPerRequest() {
        return membersAtOnce(session);
      },
      // RFC 7643 §4.1.1 and §4.2.
      required: { user: ['userName'], group: ['displayName'] },
    },
    answersWithinMs: settings.timeout_secs * 1_000,
    check: (signal) => check(session, signal),
    find: (type, attribute, value, signal) => findObjects(session, type, attribute, value, signal),
    async get(type, id, signal) {
      const resource = await readResource(session, type, id, signal);
      return resource === null ? null : toRemoteObject(type, resource);
    },
    inventory: {
      list: (type, from, signal) => listObjects(session, type, from, signal),
      members: (group, signal) => listMembers(session, group, signal),
      showsMembers: (groups, signal) => showsMembers(session, groups, signal),
    },
    apply: (operation, signal, beforeWrite, known = nobodyKnown) =>
      apply(beforeWrite === undefined ? session : watched(session, beforeWrite), operation, known, signal),
    close: () => session.client.close(),
  };
};

const nobodyKnown: AskKnown = async () => ({ members: [], isOurs: true });

const apply = async (
  session: Session,
  operation: Operation,
  known: AskKnown,
  signal: AbortSignal,
): Promise<Applied> => {
  if (operation.action === 'create') return { remoteId: await create(session, operation, signal) };
  const { remoteId } = operation;
  if ('members' in operation) return { remoteId, refused: await changeMembers(session, operation, known, signal) };
  await change(session, operation, known, signal);
  return { remoteId };
};

const change = async (
  session: Session,
  operation: Extract<Operation, { action: 'update' | 'disable' | 'delete' }>,
  known: AskKnown,
  signal: AbortSignal,
): Promise<void> => {
  const asked = { type: operation.ref.type, id: operation.remoteId };
  switch (operation.action) {
    case 'update':
      return await update(session, { ...asked, ...attributesOf(operation) }, known, signal);
    case 'disable':
      if (asked.type === 'group')
        throw new TargetError('rejected', 'A group cannot be switched off.', { code: 'not_supported' });
      return await update(
        session,
        { ...asked, attributes: { active: false }, before: { active: true }, mayHold: {} },
        known,
        signal,
      );
    case 'delete':
      return await remove(session, operation, signal);
  }
};

const attributesOf = ({ attributes, before, mayHold = {} }: Extract<Operation, { action: 'update' }>) => ({
  attributes,
  before,
  mayHold,
});

/** Who is gone already is gone; but one answer may be of a server that is behind, so it is asked for them, too. */
const remove = async (
  session: Session,
  { ref, remoteId }: Extract<Operation, { action: 'disable' | 'delete' }>,
  signal: AbortSignal,
): Promise<void> => {
  const { endpoints } = await session.profile(signal);
  const request = deleteRequest(endpoints[ref.type], remoteId);
  const answer = await session.client.send(request, signal);
  if (isAbsent(answer) && (await readResource(session, ref.type, remoteId, signal)) === null) return;
  if (!isSuccess(answer)) throw session.client.refusal(request, answer);
  if (answer.body.kind === 'page') throw unreadable(request, answer);
  if (session.settings.verify !== 'always') return;
  const left = await afterWrite(() => readResource(session, ref.type, remoteId, signal));
  if (left !== null) throw notApplied([`the ${ref.type}`]);
};
