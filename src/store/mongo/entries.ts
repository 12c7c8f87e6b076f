/**
 * What a batch says of each object in it, packed: a page has a thousand of them, and one piece of bytes costs a tenth of a thousand texts. What is
 * no GUID stands in a list beside it. Pure.
 */

import { sourceId } from '../../model/ids.ts';
import type { Ref } from '../../model/source-object.ts';
import type { Digest } from './attributes-json.ts';
import { guid, guidAt, readGuid } from './guids.ts';

/**
 * `seen`: the source showed it. `staged`: the batch wrote its document. `gone`: it is not in any more. `digest`: of its attributes as they are after
 * the batch; null when nobody worked it out, and of somebody who is gone.
 */
export type Entry = {
  readonly ref: Ref;
  readonly seen: boolean;
  readonly staged: boolean;
  readonly gone: boolean;
  readonly digest: Digest | null;
};
export type Entries = { readonly guids: Buffer; readonly others: readonly Entry[] };

/** A byte of flags, the 16 of the id, the 16 of the digest (zeros for none). */
export const entrySize = 33;
export const idAt = 1;
export const digestAt = 17;
export const digestSize = 16;
export const flag = { seen: 1, staged: 2, gone: 4, group: 8 } as const;

export const pack = (entries: readonly Entry[]): Entries => {
  const packer = createPacker(entries.length);
  for (const entry of entries) packer.add(entry);
  return packer.packed();
};

/** `most`: how many entries it has room for. */
export const createPacker = (most: number) => {
  const guids = Buffer.alloc(most * entrySize);
  const others: Entry[] = [];
  let at = 0;
  return {
    add: (entry: Entry): void => {
      if (!readGuid(entry.ref.id)) {
        others.push(entry);
        return;
      }
      guids[at] = flagsOf(entry);
      for (let word = 0; word < 4; word += 1) guids.writeUInt32BE(guid[word] ?? 0, at + idAt + 4 * word);
      if (entry.digest !== null) guids.write(entry.digest, at + digestAt, digestSize, 'latin1');
      at += entrySize;
    },
    /** The same object with the same digest as in the entry that stands here. */
    copy: (from: Buffer, fromAt: number, flags: number): void => {
      from.copy(guids, at, fromAt, fromAt + entrySize);
      guids[at] = flags;
      at += entrySize;
    },
    packed: (): Entries => ({ guids: guids.subarray(0, at), others }),
  };
};
export type Packer = ReturnType<typeof createPacker>;

export const flagsOf = ({ ref, seen, staged, gone }: Omit<Entry, 'digest'>): number =>
  (seen ? flag.seen : 0) |
  (staged ? flag.staged : 0) |
  (gone ? flag.gone : 0) |
  (ref.type === 'group' ? flag.group : 0);

/** The objects that were staged. */
export const stagedIn = ({ guids, others }: Entries): readonly Ref[] => {
  const refs = others.filter(({ staged }) => staged).map(({ ref }) => ref);
  for (let at = 0; at < guids.length; at += entrySize)
    if (((guids[at] ?? 0) & flag.staged) !== 0) refs.push(refAt(guids, at));
  return refs;
};

export const refAt = (guids: Buffer, at: number): Ref => ({
  type: ((guids[at] ?? 0) & flag.group) === 0 ? 'user' : 'group',
  id: sourceId(guidAt(guids, at + idAt)),
});
