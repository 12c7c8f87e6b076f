/** What the answers of source and target, asked again now, say beside what is stored. */

import type { LiveDifference, LiveSource, LiveTarget } from '../model/explanation.ts';
import type { Link, RemoteObject } from '../model/operation.ts';
import type { GoneReason, Standing } from '../model/source-object.ts';
import { own, sameValue } from './attributes.ts';
import type { Match } from './matching.ts';
import { listed } from './wording.ts';

/** `isOff`: whether the snapshot has the account disabled. */
export const liveSource = (standing: Standing, gone: GoneReason | null, isOff: boolean): LiveSource => {
  const agrees = agreesWith(standing, gone, isOff);
  const differs = agrees === false ? ', which is not what is stored: the next sync will tell' : '';
  return { kind: 'answered', standing, agrees, says: `Entra, asked now: ${standingWords[standing]}${differs}.` };
};

const agreesWith = (standing: Standing, gone: GoneReason | null, isOff: boolean): boolean | null => {
  switch (standing) {
    case 'unsure':
      return null;
    case 'present':
      return gone === null && !isOff;
    case 'disabled':
      return gone === null && isOff;
    case 'out_of_scope':
      return gone === 'out_of_scope';
    case 'gone':
      return gone !== null && gone !== 'out_of_scope';
  }
};

const standingWords: Readonly<Record<Standing, string>> = {
  present: 'there and in scope',
  disabled: 'there and in scope, and disabled',
  out_of_scope: 'there, and not in scope',
  gone: 'not there',
  unsure: 'no clear answer',
};

/** `remote`: the linked account; null when it is gone. */
export const liveAccount = (link: Link, remote: RemoteObject | null): LiveTarget => {
  if (remote === null)
    return {
      kind: 'gone',
      says: `${link.remoteId} is not at the target any more; the next write finds out and makes it anew.`,
    };
  const differences = differencesOf(link, remote);
  const says =
    differences.length === 0
      ? `${link.remoteId} is at the target, and all it was told is as it was told.`
      : `${link.remoteId} is at the target, but somebody or something changed ${listed(differences.map(({ path }) => path))} there.`;
  return { kind: 'linked', differences, says };
};

const differencesOf = ({ pushed }: Link, { attributes }: RemoteObject): readonly LiveDifference[] =>
  Object.keys(pushed)
    .map((path) => ({ path, told: own(pushed, path), there: own(attributes, path) }))
    .filter(({ told, there }) => !sameValue(told, there));

/** `by`: the attribute that found it. */
export const liveMatch = (match: Match, by: string | null): LiveTarget => {
  switch (match.kind) {
    case 'none':
      return { kind: 'none', says: 'No account at the target matches.' };
    case 'match':
      return {
        kind: 'match',
        remoteId: match.remote.remoteId,
        attribute: by ?? '',
        says: `${match.remote.remoteId} at the target matches by ${by ?? 'its attributes'}, and is not linked yet.`,
      };
    case 'ambiguous':
      return { ...match, says: `${match.hits} accounts at the target have the same ${match.attribute}.` };
    case 'linked_elsewhere':
      return { ...match, says: `The account with this ${match.attribute} belongs to another source object.` };
  }
};
