/** What a link says once the target was told something: that it holds it, or that it may. */

import { switchPath } from '../model/mapping.ts';
import type { Link, Operation } from '../model/operation.ts';
import type { Attributes, Value } from '../model/source-object.ts';
import { merge, own, sameValue } from './attributes.ts';

/** It took these values. */
export const holds = (link: Link, attributes: Attributes): Link => {
  const { mayHold, ...known } = link;
  const open = Object.entries(mayHold ?? {}).filter(([path]) => !Object.hasOwn(attributes, path));
  return {
    ...known,
    pushed: link.looked
      ? Object.fromEntries([...Object.entries(link.pushed), ...Object.entries(attributes)])
      : merge(link.pushed, attributes),
    ...(open.length === 0 ? {} : { mayHold: Object.fromEntries(open) }),
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
  return {
    ...link,
    ...(isOn ? { state: 'active', since: now } : {}),
    mayHold: Object.fromEntries([...Object.entries(written), ...stillOpen(link, written)]),
  };
};

/** It may hold nothing of what it was told: it is told everything once more, which finds out. */
export const untold = (link: Link): Link => {
  const written = nothingOf(link);
  return Object.keys(written).length === 0
    ? link
    : { ...link, mayHold: Object.fromEntries([...Object.entries(written), ...stillOpen(link, written)]) };
};

const nothingOf = ({ pushed }: Link): Attributes => Object.fromEntries(Object.keys(pushed).map((path) => [path, null]));

/** Whether it is told everything in any case, as one that may be gone. */
export const mayBeGone = ({ pushed, mayHold: open = {} }: Link): boolean =>
  Object.keys(pushed).every((path) => Object.hasOwn(open, path) && own(open, path) === null);

/** What it was told before stays open where nothing else was written since, or what is known anyhow. */
const stillOpen = ({ pushed, mayHold: open = {} }: Link, written: Attributes): readonly (readonly [string, Value])[] =>
  Object.entries(open).filter(
    ([path]) => !Object.hasOwn(written, path) || sameValue(own(written, path), own(pushed, path)),
  );

/** An update as it is sent: the target, too, has to know what it may hold. */
export const asDoubted = (operation: Operation, link: Link | null): Operation =>
  operation.action === 'update' && link?.mayHold !== undefined ? { ...operation, mayHold: link.mayHold } : operation;

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
