/** What the answers of source and target, asked again now, say beside what is stored. */

import type { LiveDifference, LiveSource, LiveStranger, LiveTarget, Reason, Verdict } from '../model/explanation.ts';
import type { SourceId } from '../model/ids.ts';
import { type MappingRule, switchPath } from '../model/mapping.ts';
import type { Link, RemoteObject } from '../model/operation.ts';
import type { GoneReason, Remembered, SourceObject, Standing, Value } from '../model/source-object.ts';
import { own, sameValue } from './attributes.ts';
import { driftOf } from './discrepancies.ts';
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
export const liveAccount = (link: Link, remote: RemoteObject | null, rules: readonly MappingRule[]): LiveTarget => {
  if (remote === null)
    return {
      kind: 'gone',
      says: `${link.remoteId} is not at the target any more: a reconcile run, or the next write, finds that out.`,
    };
  // What a reconcile run finds, and no more, so that its repair puts right what is told here.
  const differences = driftOf(link, remote, rules).map(({ path, told, holds }) => ({ path, told, there: holds }));
  const says =
    differences.length === 0
      ? `${link.remoteId} is at the target, and all it was told is as it was told.`
      : `${link.remoteId} is at the target, but somebody or something changed ${listed(differences.map(({ path }) => path))} there.`;
  return { kind: 'linked', differences, says };
};

/** These say that the account is as the record has it; what is to be done anyhow has a reason of its own. */
const present: readonly Reason[] = ['in_sync', 'waiting_reference', 'disabled_in_source'];
const left: readonly Reason[] = ['out_of_scope', 'soft_deleted', 'deleted', 'missing'];

/** What the target, asked now, shows otherwise than a verdict says by the record; null: nothing. */
export const contradiction = (reason: Reason, live: LiveTarget | null): string | null => {
  const isPresent = present.includes(reason);
  if (live === null || !(isPresent || left.includes(reason))) return null;
  if (live.kind === 'gone') return isPresent ? 'does not show it any more' : null;
  if (live.kind !== 'linked') return null;
  const off = live.differences.find(({ path }) => path === switchPath);
  // What else is written at the account of somebody who left is nobody's business any more.
  const others = isPresent ? live.differences.filter((one) => one !== off).map(({ path }) => path) : [];
  const shown = [
    ...(off === undefined ? [] : [switchWords(off)]),
    ...(others.length === 0 ? [] : [`${listed(others)} otherwise than it was told`]),
  ];
  return shown.length === 0 ? null : `shows ${shown.join(', and ')}`;
};

const switchWords = ({ there }: LiveDifference): string => {
  if (typeof there !== 'boolean') return 'nothing of whether it is switched on';
  return `it switched ${there ? 'on' : 'off'}`;
};

/** The verdict by the record, beside what was just seen. */
export const contradicted = ({ reason, sentence }: Verdict, target: string, shown: string): Verdict => ({
  reason,
  sentence: `On record: ${sentence} But ${target}, asked now, ${shown}.`,
  owner: 'your_team',
  todo: `Ask for a reconcile run of ${target}, which finds what is otherwise there, and for the repair of what it found.`,
});

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
