/**
 * The roster of a draft: everybody who may be in the snapshot it builds on, each with a digest of the attributes, and whom the source has shown so
 * far. It answers without a question to the database whether somebody is as before, and in the end who was not shown. A million people take 45 MB.
 * Pure.
 */

import type { ObjectType, Ref } from '../../model/source-object.ts';
import type { Digest } from './attributes-json.ts';
import { type Entries, entrySize, flag, flagsOf, idAt, type Packer } from './entries.ts';
import { createGuidRows, noRow } from './guid-rows.ts';
import { guid, readGuid } from './guids.ts';

/**
 * Whose entries they are: of the full sync that made the roster, of a version since, or of the draft itself. Of a version since only is believed that
 * these objects may have changed.
 */
export type Origin = 'roster' | 'since' | 'draft';

export type Roster = {
  take(entries: Entries, origin: Origin): void;
  /** Whether it is in, with attributes of this digest. */
  holds(ref: Ref, digest: Digest): boolean;
  /** Packs that an object was seen and is as the roster knows it. False, and nothing packed, when it does not know the digest. */
  packSeen(ref: Ref, packer: Packer): boolean;
  /** False when nobody ever staged it. */
  has(ref: Ref): boolean;
  /** Whether it may be in. */
  isIn(ref: Ref): boolean;
  /** Who may be in and was not shown. */
  unseen(): Generator<Ref>;
  /** Whether it names so many who are in, and all of them were shown. */
  isWhole(counts: Readonly<Record<ObjectType, number>>): boolean;
};

export const createRoster = (): Roster => {
  const rows = createGuidRows();
  const others = new Map<string, { readonly ref: Ref; readonly flags: number; readonly digest: Digest | null }>();
  let present = 0;
  let open = 0;

  const laid = (before: number, entry: number, origin: Origin): number => {
    const after = layOver(before, entry, origin);
    present += (isIn(after) ? 1 : 0) - (isIn(before) ? 1 : 0);
    open += (isOpen(after) ? 1 : 0) - (isOpen(before) ? 1 : 0);
    return after;
  };
  const rowOf = ({ type }: Ref): number => rows.find(type === 'group' ? flag.group : 0);

  return {
    take: (entries, origin) => {
      const { guids } = entries;
      for (let at = 0; at < guids.length; at += entrySize) {
        const flags = guids[at] ?? 0;
        if (!concerns(flags, origin)) continue;
        for (let word = 0; word < 4; word += 1) guid[word] = guids.readUInt32BE(at + idAt + 4 * word);
        const row = rows.findOrAdd(flags & flag.group);
        rows.set(row, laid(rows.flags(row), flags, origin), origin === 'since' ? null : guids, at);
      }
      for (const entry of entries.others) {
        const flags = flagsOf(entry);
        if (!concerns(flags, origin)) continue;
        const before = others.get(keyOf(entry.ref))?.flags ?? flag.gone;
        const digest = origin === 'since' ? null : entry.digest;
        others.set(keyOf(entry.ref), { ref: entry.ref, flags: laid(before, flags, origin), digest });
      }
    },
    holds: (ref, digest) => {
      if (readGuid(ref.id)) {
        const row = rowOf(ref);
        return row !== noRow && isIn(rows.flags(row)) && rows.hasDigest(row, digest);
      }
      const other = others.get(keyOf(ref));
      return other !== undefined && isIn(other.flags) && other.digest === digest;
    },
    packSeen: (ref, packer) => {
      if (!readGuid(ref.id)) {
        const digest = others.get(keyOf(ref))?.digest ?? null;
        if (digest !== null) packer.add({ ref, seen: true, staged: false, gone: false, digest });
        return digest !== null;
      }
      const row = rowOf(ref);
      if (row === noRow || rows.isWithoutDigest(row)) return false;
      rows.copy(row, flag.seen | (rows.flags(row) & flag.group), packer);
      return true;
    },
    has: (ref) => (readGuid(ref.id) ? rowOf(ref) !== noRow : others.has(keyOf(ref))),
    isIn: (ref) => {
      if (!readGuid(ref.id)) return isIn(others.get(keyOf(ref))?.flags ?? flag.gone);
      const row = rowOf(ref);
      return row !== noRow && isIn(rows.flags(row));
    },
    *unseen() {
      if (open === 0) return;
      for (const { ref, flags } of others.values()) if (isOpen(flags)) yield ref;
      for (let row = 0; row < rows.size(); row += 1) if (isOpen(rows.flags(row))) yield rows.ref(row);
    },
    isWhole: ({ user, group }) => open === 0 && present === user + group,
  };
};

/** What one batch says about one object that another batch spoke of before. */
const layOver = (before: number, entry: number, origin: Origin): number => {
  const group = entry & flag.group;
  if (origin === 'since') return group;
  const seen = origin === 'draft' ? (before | entry) & flag.seen : 0;
  return group | seen | (entry & flag.gone);
};

const concerns = (entry: number, origin: Origin): boolean => origin !== 'since' || (entry & flag.staged) !== 0;
const isIn = (flags: number): boolean => (flags & flag.gone) === 0;
const isOpen = (flags: number): boolean => (flags & (flag.seen | flag.gone)) === 0;

const keyOf = ({ type, id }: Ref): string => `${type}|${id}`;
