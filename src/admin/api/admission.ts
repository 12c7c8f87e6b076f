/**
 * Who may come in with a call, before anything of it is done. A route that no key was made for is closed to all: each names the scope it takes. Keys that
 * are limited to organizations come through only where a call names whose things it is about.
 */

import { mayDo, type NeededScope, reaches } from '../../core/access.ts';
import type { Caller } from '../../model/api-key.ts';
import { type OrganizationId, organizationId } from '../../model/ids.ts';
import type { CommandsWithin, OperatorCommands } from '../commands.ts';
import type { Owned } from '../owners.ts';
import { found } from '../refused.ts';
import { DoorProblem } from './problem.ts';

/** `nobody`: what the route is about is kept nowhere and belongs to nobody, so that limited keys may call it, too. */
export type Admission = { readonly scope: NeededScope; readonly of?: 'nobody' };

export type Given = { readonly params: unknown; readonly query: unknown; readonly body: unknown };

export const assertMayDo = (caller: Caller, scope: NeededScope): void => {
  if (mayDo(caller, scope)) return;
  throw new DoorProblem(
    'forbidden',
    `This takes ${scope === 'any' ? 'any scope' : `the scope ${scope}`}; "${caller.name}" has ${caller.scopes.join(', ') || 'none'}.`,
  );
};

export const assertFresh = ({ session }: Caller): void => {
  if (session === null || session.isFresh) return;
  throw new DoorProblem(
    'step_up_required',
    'This takes a sign-in of the last five minutes. Go to /auth/sign-in?fresh=1, and call again within that time.',
  );
};

export const assertUnlimited = (caller: Caller): void => {
  if (caller.organizations !== null) throw limited(caller);
};

/** What concerns the installation is within no other reach. */
export const operatorIn = (call: {
  readonly caller: Caller;
  readonly commands: Pick<CommandsWithin, 'ofOperator'>;
}): OperatorCommands => {
  if (call.commands.ofOperator === null) throw limited(call.caller);
  return call.commands.ofOperator;
};

const limited = ({ name, organizations }: Caller): DoorProblem =>
  new DoorProblem(
    'forbidden',
    `The key "${name}" is limited to ${organizations?.join(', ')}. Name the organization, or something of it; what concerns all of them takes a key without limits.`,
  );

/** What a call names, and whose that is: looked up once, and not before somebody asks. */
export type About = {
  readonly given: Given;
  readonly namesNothing: boolean;
  readonly organizations: readonly OrganizationId[];
  /** `owner` null: there is no such thing within the reach of the caller. */
  readonly things: () => Promise<readonly { readonly kind: Owned; readonly owner: OrganizationId | null }[]>;
};

export const aboutOf = ({ ownerOf }: Pick<CommandsWithin, 'ownerOf'>, given: Given): About => {
  const { things, organizations } = namedIn(given);
  const look = () => Promise.all(things.map(async ({ kind, id }) => ({ kind, owner: await ownerOf(kind, id) })));
  let looked: ReturnType<typeof look> | null = null;
  return {
    given,
    namesNothing: things.length + organizations.length === 0,
    organizations,
    things: () => {
      looked ??= look();
      return looked;
    },
  };
};

/** What belongs to somebody else is refused with the very words of what does not exist. The stores behind look for themselves (`stores-within.ts`). */
export const assertReaches = async (caller: Caller, { of }: Admission, about: About): Promise<void> => {
  if (caller.organizations === null || of === 'nobody') return;
  if (about.namesNothing || !about.organizations.every((id) => reaches(caller, id))) assertUnlimited(caller);
  for (const { kind, owner } of await about.things()) found(owner, kind);
};

/**
 * Whose things a call is about; null: everybody's, nobody's, or it is not known. What is out of the caller's reach is not theirs to know of. A call that
 * names nothing is the business of the organization of its caller, where they have but one.
 */
export const organizationOf = async (caller: Caller, about: About): Promise<OrganizationId | null> => {
  if (about.namesNothing) return caller.organizations?.length === 1 ? (caller.organizations[0] ?? null) : null;
  const owners = (await about.things()).map(({ owner }) => owner);
  return owners.find((owner) => owner !== null) ?? about.organizations.find((id) => reaches(caller, id)) ?? null;
};

const namedIn = ({ params, query, body }: Given) => {
  // What is no text names nothing that there is.
  const named = [params, query, body].flatMap((part) =>
    Object.entries(Object(part)).map(([name, id]) => [name, typeof id === 'string' ? id : ''] as const),
  );
  const things = named.flatMap(([name, id]) => {
    const kind = kinds.get(name);
    return kind === undefined ? [] : [{ kind, id }];
  });
  const organizations = named.filter(([name]) => name === 'organization_id').map(([, id]) => organizationId(id));
  return { things, organizations };
};

const kinds: ReadonlyMap<string, Owned> = new Map([
  ['connection_id', 'connection'],
  ['target_id', 'target'],
  ['run_id', 'run'],
  ['plan_id', 'plan'],
  ['caused_by', 'run'],
  ['webhook_id', 'webhook'],
]);
