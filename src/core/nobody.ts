/** The answer about somebody nobody has ever heard of: never an empty page, but what to look at. */

import type { Connection } from '../model/connection.ts';
import type { LiveStranger, NobodyVerdict } from '../model/explanation.ts';
import { lookedFor, nameAttributes } from './names.ts';
import { timeText } from './wording.ts';

export type LastRead = { readonly version: number; readonly committedAt: Date | null; readonly fullAt: Date | null };

/** What to look at when somebody is not known at all. `head`: what was read last. `asked`: what the tenant says of them now; null: it was not asked. */
export const nobody = (
  connection: Pick<Connection, 'scope' | 'attributes' | 'tenantId' | 'state'>,
  head: LastRead,
  text: string,
  asked: LiveStranger | null,
): { readonly verdict: NobodyVerdict; readonly checks: readonly string[] } => {
  if (head.version === 0)
    return {
      verdict: {
        reason: 'not_read_yet',
        sentence: 'This tenant has not been read yet, so nothing is known of anybody in it.',
        owner: 'your_team',
        todo: 'Check the connection and ask for a full sync.',
      },
      checks: [],
    };
  return {
    verdict: {
      reason: 'never_seen',
      sentence: `Nobody with the ${lookedFor} ${text} was ever read from this tenant.`,
      ...mendBy(connection, asked),
    },
    checks: checksFor(connection, head),
  };
};

const mendBy = (
  { state }: Pick<Connection, 'state'>,
  asked: LiveStranger | null,
): Pick<NobodyVerdict, 'owner' | 'todo'> => {
  const owner = 'customer_it';
  if (asked === null) return { owner, todo: 'See what is listed under checks, and ask again with live=true.' };
  if (asked.kind === 'failed')
    return { owner, todo: 'The tenant could not be asked: see why under live. See what is listed under checks.' };
  if (asked.people.length === 0)
    return {
      owner,
      todo: 'The tenant knows nobody by it either: see that it is written as it is there, and what is listed under checks.',
    };
  const isRead = asked.people.every(({ standing }) => standing === 'present' || standing === 'disabled');
  if (isRead && state === 'active')
    return { owner: null, todo: 'Nothing: whoever was made since the last read comes with the next sync.' };
  return {
    owner: isRead ? 'your_team' : owner,
    todo: isRead
      ? `Whoever was made since the last read comes with the next sync, and the connection is ${state}: see under notes.`
      : 'See under live whom the tenant knows, and what keeps them out: whoever is out of scope has to be put into it, and whoever was made since the last read comes with the next sync.',
  };
};

const checksFor = (
  { scope, attributes, tenantId }: Parameters<typeof nobody>[0],
  head: LastRead,
): readonly string[] => {
  const unread = Object.values(nameAttributes).filter((name) => !attributes.user.includes(name));
  return [
    `Somebody is looked for by ${lookedFor}, or by the id of their account at a target; a group by its object id, or by that at a target. Each is compared whole. A display name is not looked for.`,
    head.committedAt === null
      ? 'No read was completed yet.'
      : `Last read: ${timeText(head.committedAt)}${head.fullAt === null ? ', never whole' : `, whole ${timeText(head.fullAt)}`}. Who was made later is not known yet.`,
    scope.kind === 'all'
      ? 'Everybody of the tenant is in scope.'
      : `Only the members of ${scope.groups.length} ${scope.groups.length === 1 ? 'group' : 'groups'} are read${scope.nested ? ', with the groups inside' : '; members of groups inside them are not'}. Who never was in one was never read.`,
    ...(unread.length === 0 ? [] : [`This connection does not read ${unread.join(', ')}: nobody is found by it.`]),
    'A guest has a user principal name of its own in this tenant, such as jane_fabrikam.example#EXT#@contoso.example; try the mail.',
    `This connection reads the tenant ${tenantId ?? '(none yet)'}; the person may be in another one.`,
  ];
};
