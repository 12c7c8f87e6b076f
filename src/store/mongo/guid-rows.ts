/** Rows of entries (entries.ts) found by their GUID and type, in as little memory as a million of them allow. Pure. */

import type { Ref } from '../../model/source-object.ts';
import type { Digest } from './attributes-json.ts';
import { digestAt, digestSize, entrySize, flag, idAt, type Packer, refAt } from './entries.ts';
import { guid } from './guids.ts';

export type GuidRows = ReturnType<typeof createGuidRows>;
export const noRow = -1;

/** Rows never move: they are kept in pieces, so that growing copies none of them. */
const pieceBits = 12;
const pieceSize = 2 ** pieceBits;

export const createGuidRows = () => {
  const pieces: Buffer[] = [];
  let size = 0;
  /** Open addressing: the number of a row plus one, or zero. At most three quarters full. */
  let index = new Int32Array(1_024);

  const pieceOf = (row: number): Buffer => pieces[row >> pieceBits] ?? nothing;
  const offsetOf = (row: number): number => (row & (pieceSize - 1)) * entrySize;
  const flags = (row: number): number => pieceOf(row)[offsetOf(row)] ?? 0;

  /** Where the row of the GUID in `guid` stands in the index, or the free place for it. */
  const slotOf = (group: number): number => {
    const mask = index.length - 1;
    for (let slot = hashOf(guid[0] ?? 0, guid[3] ?? 0) & mask; ; slot = (slot + 1) & mask) {
      const row = (index[slot] ?? 0) - 1;
      if (row === noRow || isAt(pieceOf(row), offsetOf(row), group)) return slot;
    }
  };

  const grow = (): void => {
    const grown = new Int32Array(index.length * 2);
    const mask = grown.length - 1;
    for (let row = 0; row < size; row += 1) {
      const [piece, at] = [pieceOf(row), offsetOf(row) + idAt];
      let slot = hashOf(piece.readUInt32BE(at), piece.readUInt32BE(at + 12)) & mask;
      while (grown[slot] !== 0) slot = (slot + 1) & mask;
      grown[slot] = row + 1;
    }
    index = grown;
  };

  return {
    size: () => size,
    flags,
    ref: (row: number): Ref => refAt(pieceOf(row), offsetOf(row)),
    /** The row of the GUID in `guid`; `group` is the flag of a group, or 0. */
    find: (group: number): number => (index[slotOf(group)] ?? 0) - 1,
    /** A row that is new has the flag `gone` until it is set. */
    findOrAdd: (group: number): number => {
      if (size * 4 >= index.length * 3) grow();
      const slot = slotOf(group);
      const found = (index[slot] ?? 0) - 1;
      if (found !== noRow) return found;
      const row = size;
      if ((row & (pieceSize - 1)) === 0) pieces.push(Buffer.alloc(pieceSize * entrySize));
      const [piece, at] = [pieceOf(row), offsetOf(row)];
      piece[at] = group | flag.gone;
      for (let word = 0; word < 4; word += 1) piece.writeUInt32BE(guid[word] ?? 0, at + idAt + 4 * word);
      index[slot] = row + 1;
      size += 1;
      return row;
    },
    /** The digest is taken from an entry; null leaves none. */
    set: (row: number, flags: number, from: Buffer | null, at: number): void => {
      const [piece, offset] = [pieceOf(row), offsetOf(row)];
      piece[offset] = flags;
      if (from === null) piece.fill(0, offset + digestAt, offset + digestAt + digestSize);
      else from.copy(piece, offset + digestAt, at + digestAt, at + digestAt + digestSize);
    },
    /** Packs the row anew, with other flags. */
    copy: (row: number, flags: number, packer: Packer): void => packer.copy(pieceOf(row), offsetOf(row), flags),
    isWithoutDigest: (row: number): boolean => {
      const [piece, offset] = [pieceOf(row), offsetOf(row) + digestAt];
      for (let at = 0; at < digestSize; at += 1) if (piece[offset + at] !== 0) return false;
      return true;
    },
    digest: (row: number): Digest => {
      const at = offsetOf(row) + digestAt;
      return pieceOf(row).toString('latin1', at, at + digestSize);
    },
    hasDigest: (row: number, digest: Digest): boolean => {
      const [piece, offset] = [pieceOf(row), offsetOf(row) + digestAt];
      for (let at = 0; at < digestSize; at += 1) if (piece[offset + at] !== digest.charCodeAt(at)) return false;
      return true;
    },
  };
};

const nothing = Buffer.alloc(pieceSize * entrySize);

const isAt = (piece: Buffer, at: number, group: number): boolean => {
  for (let word = 0; word < 4; word += 1) if (piece.readUInt32BE(at + idAt + 4 * word) !== guid[word]) return false;
  return ((piece[at] ?? 0) & flag.group) === group;
};

/** Most GUIDs are random, but nothing says that they must be. */
const hashOf = (first: number, last: number): number => {
  const mixed = Math.imul(first ^ Math.imul(last, 0x9e3779b1), 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
};
