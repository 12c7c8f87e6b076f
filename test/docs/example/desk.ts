/** Targets that speak the API of Desk, a helpdesk: people and teams, each a flat object of fields. */

import { z } from 'zod';
import { targetRemedy } from '../../../src/core/target-remedies.ts';
import type { Egress, Outlet, Received, Sent } from '../../../src/model/egress.ts';
import { TargetError, type TargetFault } from '../../../src/model/errors.ts';
import { type RemoteId, remoteId } from '../../../src/model/ids.ts';
import type { Operation, RemoteObject } from '../../../src/model/operation.ts';
import { secret } from '../../../src/model/secret.ts';
import type { Attributes, ObjectType } from '../../../src/model/source-object.ts';
import {
  type Applied,
  defineTarget,
  inClear,
  type Refusal,
  SettingsRefused,
  type Target,
} from '../../../src/target/target.ts';

const settingsSchema = z.strictObject({
  base_url: z.url({ protocol: /^https?$/, error: 'must be a URL' }),
  token: z
    .preprocess(inClear, z.string().regex(/^[\x21-\x7e]+$/, 'must be visible characters without spaces'))
    .transform((text) => secret(text)),
});
type Settings = z.infer<typeof settingsSchema>;

export const desk = defineTarget({
  kind: 'desk',
  // Names are exact, and who is in a team is no field.
  path: (_type, text) =>
    /^[A-Za-z]+$/.test(text) ? { path: text, writable: 'always' } : { refused: 'is no field of Desk' },
  parse: (input) => {
    const parsed = settingsSchema.safeParse(input);
    if (!parsed.success) throw new SettingsRefused(parsed.error.issues.map(toIssue));
    const { token, ...shown } = parsed.data;
    const address = { setting: 'base_url', url: new URL(shown.base_url) };
    return { settings: shown, secrets: { token }, address, connect: ({ egress }) => connect(parsed.data, egress) };
  },
});

const toIssue = ({ path, message }: z.core.$ZodIssue) => ({
  pointer: path.map((part) => `/${String(part)}`).join(''),
  message,
});

const timeoutMs = 30_000;

const connect = (settings: Settings, egress: Egress): Target => {
  const outlet = egress.open(new URL(settings.base_url), { connections: 4, timeoutMs, mostBytes: 1_000_000 });
  const ask = clientOf(settings, outlet);
  const find: Target['find'] = async (type, attribute, value, signal) => {
    const query = new URLSearchParams({ [attribute]: String(value) });
    const { items } = await ask('GET', `${places[type]}?${query}`, z.object({ items: z.array(itemSchema) }), signal);
    return items.map((item) => toRemoteObject(type, item));
  };
  return {
    async ready() {},
    capabilities: {
      groups: true,
      disable: true,
      delete: true,
      concurrency: 4,
      membersPerRequest: 1,
      required: { user: ['userName'], group: ['displayName'] },
    },
    answersWithinMs: timeoutMs,
    find,
    async check(signal) {
      try {
        await find('user', 'externalId', 'nobody', signal);
        return { ok: true, checks: [{ name: 'people', ok: true, detail: 'People can be read.' }] };
      } catch (error) {
        if (!(error instanceof TargetError)) throw error;
        return {
          ok: false,
          checks: [{ name: 'people', ok: false, detail: error.message, remedy: targetRemedy(error) }],
        };
      }
    },
    get: (type, id, signal) =>
      unlessGone(
        async () => toRemoteObject(type, await ask('GET', placeOf(type, id), itemSchema, signal)),
        () => find(type, 'externalId', 'nobody', signal),
      ),
    apply: (operation, signal, beforeWrite) => carryOut(announced(ask, beforeWrite), find, operation, signal),
    // Desk shows who has a value, and never everybody: a target like that is not reconciled.
    inventory: null,
    close: () => outlet.close(),
  };
};

const carryOut = async (
  ask: Ask,
  find: Target['find'],
  operation: Operation,
  signal: AbortSignal,
): Promise<Applied> => {
  if (operation.action === 'create') return { remoteId: await create(ask, find, operation, signal) };
  const { remoteId } = operation;
  const place = placeOf(operation.ref.type, remoteId);
  switch (operation.action) {
    case 'update':
      await update(ask, place, operation.attributes, signal);
      break;
    case 'disable':
      await update(ask, place, { active: false }, signal);
      break;
    case 'delete':
      await unlessGone(
        () => ask('DELETE', place, z.unknown(), signal),
        () => find(operation.ref.type, 'externalId', 'nobody', signal),
      );
      break;
    case 'add_members':
    case 'remove_members':
      return { remoteId, refused: await changeMembers(ask, place, operation, signal) };
  }
  return { remoteId };
};

/** Whoever hands an operation over may still call it off, right before a request that changes something. */
const announced =
  (ask: Ask, beforeWrite: () => void = () => {}): Ask =>
  async (method, at, answer, signal, body) => {
    if (method !== 'GET') beforeWrite();
    return await ask(method, at, answer, signal, body);
  };

/** An answer without the id is no reason to send it again: it is looked up by what makes it ours. */
const create = async (
  ask: Ask,
  find: Target['find'],
  { ref, attributes }: Extract<Operation, { action: 'create' }>,
  signal: AbortSignal,
): Promise<RemoteId> => {
  const made = await ask('POST', places[ref.type], itemSchema.partial(), signal, { fields: attributes });
  if (made.id !== undefined) return remoteId(made.id);
  const [found, ...more] = await find(ref.type, 'externalId', ref.id, signal);
  if (found === undefined || more.length > 0) throw new TargetError('unknown', 'Desk does not say what it created.');
  return found.remoteId;
};

/** Desk answers with what it holds afterwards, so a write that was lost shows. */
const update = async (ask: Ask, place: string, wanted: Attributes, signal: AbortSignal): Promise<void> => {
  const { fields } = await ask('PATCH', place, itemSchema, signal, { fields: wanted });
  const lost = Object.keys(wanted).find((name) => (fields[name] ?? null) !== (wanted[name] ?? null));
  if (lost !== undefined) throw notApplied(`the field ${lost}`);
};

/** One member after the other. Who is refused does not keep the others out; when everybody is, it is the team that is refused. */
const changeMembers = async (
  ask: Ask,
  place: string,
  { action, members }: Extract<Operation, { action: 'add_members' | 'remove_members' }>,
  signal: AbortSignal,
): Promise<readonly Refusal[]> => {
  const add = action === 'add_members';
  const refused: Refusal[] = [];
  for (const { remoteId: member } of members) {
    try {
      const at = `${place}/members/${encodeURIComponent(member)}`;
      const now = await ask(add ? 'PUT' : 'DELETE', at, z.object({ members: z.array(z.string()) }), signal);
      if (now.members.includes(member) !== add) throw notApplied('a member');
    } catch (error) {
      if (!(error instanceof TargetError) || error.fault !== 'rejected' || error.code === 'not_applied') throw error;
      refused.push({ member, detail: error.message });
      if (refused.length === members.length) throw error;
    }
  }
  return refused;
};

const notApplied = (what: string): TargetError =>
  new TargetError('rejected', `Desk said yes and did not change ${what}.`, { code: 'not_applied' });

const places = { user: '/people', group: '/teams' } as const;
const placeOf = (type: ObjectType, id: RemoteId): string => `${places[type]}/${encodeURIComponent(id)}`;

const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const itemSchema = z.object({ id: z.string(), fields: z.record(z.string(), value) });

const toRemoteObject = (type: ObjectType, { id, fields }: z.infer<typeof itemSchema>): RemoteObject => ({
  type,
  remoteId: remoteId(id),
  attributes: fields,
});

/** A gateway without its route says of everybody that they are not there: it is believed where Desk answers a question that finds nobody. */
const unlessGone = async <T>(ask: () => Promise<T>, prove: () => Promise<unknown>): Promise<T | null> => {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof TargetError) || error.fault !== 'gone') throw error;
    await prove();
    return null;
  }
};

type Ask = <T>(
  method: Sent['method'],
  at: string,
  answer: z.ZodType<T>,
  signal: AbortSignal,
  body?: unknown,
) => Promise<T>;

/** Every way in which a request can fail ends as one of the faults of the port. */
const clientOf =
  ({ base_url, token }: Settings, outlet: Outlet): Ask =>
  async (method, at, answer, signal, body) => {
    // A read that failed told us nothing; a write that failed may have happened.
    const open: TargetFault = method === 'GET' ? 'unavailable' : 'unknown';
    const received = await orFault(open, signal, () =>
      outlet.exchange(
        {
          method,
          path: `${new URL(base_url).pathname.replace(/\/$/, '')}${at}`,
          headers: { authorization: `Bearer ${token.reveal()}`, 'content-type': 'application/json' },
          body: body === undefined ? null : JSON.stringify(body),
        },
        signal,
      ),
    );
    // Of a place that is no object's, 404 means that Desk is not there.
    const isOfObject = at.split('/').length > 2;
    if (received.status === 404 && !isOfObject) throw new TargetError('unavailable', 'Desk answered with 404.');
    if (received.status < 200 || received.status > 299) throw refusal(received, open);
    return await orFault(open, signal, async () =>
      answer.parse(received.status === 204 ? null : JSON.parse(received.text ?? '')),
    );
  };

const orFault = async <T>(fault: TargetFault, signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    signal.throwIfAborted();
    throw new TargetError(fault, 'Desk gave no answer that can be read.', { cause });
  }
};

const faults: Readonly<Record<number, TargetFault>> = {
  400: 'rejected',
  401: 'unauthorized',
  403: 'unauthorized',
  404: 'gone',
  409: 'conflict',
  422: 'rejected',
  429: 'throttled',
};

const refusal = ({ status, headers }: Received, open: TargetFault): TargetError => {
  const seconds = Number(headers['retry-after']);
  return new TargetError(faults[status] ?? open, `Desk answered with ${status}.`, {
    code: String(status),
    retryAfterMs: seconds > 0 ? seconds * 1_000 : undefined,
  });
};
