/** What a link says once the target was told something: that it holds it, or that it may. */

import type { RemoteId } from '../model/ids.ts';
import { switchPath } from '../model/mapping.ts';
import type { Link, Operation } from '../model/operation.ts';
import type { Attributes, Value } from '../model/source-object.ts';
import { merge, own, sameValue } from './attributes.ts';

/** It took these values. */
export const holds = (link: Link, attributes: Attributes): Link => {
  const { mayHold = {}, mayHoldToo = {}, ...known } = link;
  const isOpen = ([path]: readonly [string, unknown]): boolean => !Object.hasOwn(attributes, path);
  return {
    ...known,
    pushed: link.looked
      ? Object.fromEntries([...Object.entries(link.pushed), ...Object.entries(attributes)])
      : merge(link.pushed, attributes),
    ...doubts(Object.entries(mayHold).filter(isOpen), Object.entries(mayHoldToo).filter(isOpen)),
  };
};

/**
 * What became of this could not be seen: a server that was asked may be behind. Whoever may be switched on counts as switched on, so that nobody who leaves
 * meanwhile is taken for off. Null where nothing of the object itself was written: who is in a group is not on its link, which stays as it is by then.
 */
export const mayHold = (link: Link, operation: Operation, now: Date): Link | null => {
  const written = writtenBy(link, operation);
  if (Object.keys(written).length === 0) return null;
  const isOn = own(written, switchPath) === true && link.state !== 'active';
  return { ...doubted(link, written), ...(isOn ? { state: 'active', since: now } : {}) };
};

/** It may hold nothing of what it was told: it is told everything once more, which finds out. */
export const untold = (link: Link): Link => {
  const written = nothingOf(link);
  return Object.keys(written).length === 0 ? link : doubted(link, written);
};

const nothingOf = ({ pushed }: Link): Attributes => Object.fromEntries(Object.keys(pushed).map((path) => [path, null]));

/** Whether it is told everything in any case, as one that may be gone. */
export const mayBeGone = ({ pushed, mayHold: open = {} }: Link): boolean =>
  Object.keys(pushed).every((path) => Object.hasOwn(open, path) && own(open, path) === null);

/** The account that whoever refers to somebody may be told: none that may be gone, which a target might take all the same. */
export const accountOf = (link: Link | undefined): RemoteId | undefined =>
  link === undefined || (Object.keys(link.pushed).length > 0 && mayBeGone(link)) ? undefined : link.remoteId;

/**
 * All that it may hold at a path in place of what is on record, the last first: a target that shows a value of these, where another is wanted, shows that it
 * did nothing, or that a server is behind, and not its own way to write what is wanted.
 */
export const valuesInDoubt = ({ mayHold: open = {}, mayHoldToo = {} }: Link, path: string): readonly Value[] =>
  Object.hasOwn(open, path)
    ? [own(open, path), ...(Object.hasOwn(mayHoldToo, path) ? (mayHoldToo[path] ?? []) : [])]
    : [];

/**
 * How many values of a path are kept besides the last: the newest, each once. A link does not grow without end, though a target shows nothing of what it is
 * told for years; one that did any of it most likely shows one of these.
 */
export const mostEarlier = 8;

const doubted = (link: Link, written: Attributes): Link => {
  const { mayHold: _, mayHoldToo: __, ...known } = link;
  const open = [...Object.entries(written), ...stillOpen(link, written)];
  // Where what is known anyhow was written once more, what is open stays the last.
  const last = Object.entries(Object.fromEntries(open));
  const earlier = last.map(([path, value]) => [path, besides(link, path, value)] as const);
  return { ...known, ...doubts(last, earlier) };
};

const besides = (link: Link, path: string, last: Value): readonly Value[] =>
  valuesInDoubt(link, path)
    .filter((value) => !sameValue(value, last) && !sameValue(value, own(link.pushed, path)))
    .slice(0, mostEarlier);

const doubts = (
  last: readonly (readonly [string, Value])[],
  earlier: readonly (readonly [string, readonly Value[]])[],
): Pick<Link, 'mayHold' | 'mayHoldToo'> => {
  const some = earlier.filter(([, values]) => values.length > 0);
  return {
    ...(last.length === 0 ? {} : { mayHold: Object.fromEntries(last) }),
    ...(some.length === 0 ? {} : { mayHoldToo: Object.fromEntries(some) }),
  };
};

/** What it was told before stays open where nothing else was written since, or what is known anyhow. */
const stillOpen = ({ pushed, mayHold: open = {} }: Link, written: Attributes): readonly (readonly [string, Value])[] =>
  Object.entries(open).filter(
    ([path]) => !Object.hasOwn(written, path) || sameValue(own(written, path), own(pushed, path)),
  );

/** An update as it is sent: the target, too, has to know what it may hold. */
export const asDoubted = (operation: Operation, link: Link | null): Operation => {
  if (operation.action !== 'update' || link?.mayHold === undefined) return operation;
  const paths = Object.keys(link.mayHold);
  return { ...operation, mayHold: Object.fromEntries(paths.map((path) => [path, valuesInDoubt(link, path)])) };
};

const writtenBy = (link: Link, operation: Operation): Attributes => {
  switch (operation.action) {
    case 'update':
      return operation.attributes;
    case 'disable':
      return { [switchPath]: false };
    // Then it holds nothing, and whoever writes to it finds that it is gone.
    case 'delete':
      return nothingOf(link);
    default:
      return {};
  }
};
