/** What the answers of source and target, asked again now, say beside what is stored. */

import type { LiveDifference, LiveSource, LiveStranger, LiveTarget } from '../model/explanation.ts';
import type { SourceId } from '../model/ids.ts';
import type { Link, RemoteObject } from '../model/operation.ts';
import type { GoneReason, Remembered, SourceObject, Standing, Value } from '../model/source-object.ts';
import { own, sameValue } from './attributes.ts';
import type { Match } from './matching.ts';
import { lookedFor } from './names.ts';
import { listed } from './wording.ts';

/** `shown`: the object as the source shows it now; null when it shows none. */
export const liveSource = (
  standing: Standing,
  { object, gone }: Remembered,
  shown: SourceObject | null,
): LiveSource => {
  const isOff = own(object.attributes, 'accountEnabled') === false;
  // Whoever is outside the scope is not looked at any more, whatever they looked like inside.
  const changed = gone !== null || shown === null || !isInScope(standing) ? [] : changesOf(object, shown);
  const standsAsStored = agreesWith(standing, gone, isOff);
  const agrees = standsAsStored === true && changed.length > 0 ? false : standsAsStored;
  // Whether the account is enabled is told by the standing.
  const other = changed.map(({ attribute }) => attribute).filter((name) => name !== 'accountEnabled');
  const others = other.length === 0 ? '' : `, with another ${listed(other)}`;
  const differs = agrees === false ? ', which is not what is stored: the next sync tells' : '';
  return {
    kind: 'answered',
    standing,
    agrees,
    changed,
    says: `Entra, asked now: ${standingWords[standing]}${others}${differs}.`,
  };
};

const changesOf = (stored: SourceObject, shown: SourceObject) =>
  [...new Set([...Object.keys(stored.attributes), ...Object.keys(shown.attributes)])]
    .filter((attribute) => attribute !== 'manager')
    .map((attribute) => ({
      attribute,
      stored: own(stored.attributes, attribute),
      now: own(shown.attributes, attribute),
    }))
    .filter(({ stored, now }) => !sameValue(stored, now));

/** `shown`: whom the source shows by a name that nobody stored has. */
export const liveStranger = (
  shown: readonly SourceObject[],
  standings: ReadonlyMap<SourceId, Standing>,
): LiveStranger => {
  const people = shown.map(({ ref, attributes }) => ({
    object: ref,
    displayName: textOf(own(attributes, 'displayName')),
    userPrincipalName: textOf(own(attributes, 'userPrincipalName')),
    standing: standings.get(ref.id) ?? ('unsure' as const),
  }));
  return strangers(people);
};

/** The same for somebody who may not see who is outside the scope: that there is somebody, and where they stand. */
export const withoutOutsiders = (live: LiveStranger): LiveStranger => {
  if (live.kind === 'failed') return live;
  const hidden = { displayName: null, userPrincipalName: null };
  return strangers(live.people.map((one) => (isInScope(one.standing) ? one : { ...one, ...hidden })));
};

const isInScope = (standing: Standing): boolean => standing === 'present' || standing === 'disabled';

const strangers = (people: Extract<LiveStranger, { kind: 'answered' }>['people']): LiveStranger => {
  const [one] = people;
  const says =
    one === undefined
      ? `Entra, asked now, knows nobody by this ${lookedFor} either.`
      : people.length > 1
        ? `Entra, asked now, knows ${people.length} by this name.`
        : `Entra, asked now, knows ${one.displayName ?? one.object.id}: ${standingWords[one.standing]}${
            one.standing === 'out_of_scope' ? '' : '. Whoever was made since the last read comes with the next sync'
          }.`;
  return { kind: 'answered', people, says };
};

const textOf = (value: Value): string | null => (typeof value === 'string' ? value : null);

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
    case 'no_key':
      return {
        kind: 'not_asked',
        says: `There is nothing to look for at the target by: of ${match.attributes.join(', ')} nothing is set.`,
      };
    case 'match':
      return {
        kind: 'match',
        remoteId: match.remote.remoteId,
        attribute: by ?? '',
        says: `${match.remote.remoteId} at the target matches by ${by ?? 'its attributes'}, and is not linked yet.`,
      };
    case 'ambiguous':
      return { ...match, says: `${match.hits} accounts at the target have the same ${match.attribute}.` };
    case 'unclaimed_group':
      return {
        ...match,
        says: `A group with this ${match.attribute} was there before, and is taken over by a plan that somebody looks at alone.`,
      };
    case 'linked_elsewhere':
      return { ...match, says: `The account with this ${match.attribute} belongs to another source object.` };
  }
};
