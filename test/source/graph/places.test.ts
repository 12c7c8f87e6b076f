import { describe, expect, it } from 'vitest';
import { ResumeExpired, WatermarkExpired } from '../../../src/model/errors.ts';
import { resume, sourceId, watermark } from '../../../src/model/ids.ts';
import { everyone } from '../../../src/model/scope.ts';
import { ChainPlace, DeltaChainPlace } from '../../../src/source/graph/pages.ts';
import {
  countOf,
  type DeltaPlace,
  doneOf,
  type FullPlace,
  isSoonAfterWhole,
  keyOf,
  nothingDone,
  readDeltaPlace,
  readFullPlace,
  readWatermark,
  writePlace,
  writeWatermark,
} from '../../../src/source/graph/places.ts';

const attributes = { user: ['displayName', 'mail'], group: ['displayName'] };
const key = keyOf('tenant', { scope: everyone, attributes });
const links = {
  users: 'https://graph.example/v1.0/users/delta?$deltatoken=u',
  groups: 'https://graph.example/v1.0/groups/delta?$deltatoken=g',
};

const mark = { links, wholeAt: Date.parse('2026-03-02T08:00:00Z'), left: ['a membership'] };

describe('a watermark', () => {
  it('is read by who wrote it', () => {
    for (const one of [mark, { links, wholeAt: null, left: [] }])
      expect(readWatermark(writeWatermark(key, one), key)).toEqual(one);
  });

  it('keeps which memberships ended soon after everybody was read, and none later', () => {
    expect(readWatermark(writeWatermark(key, { ...mark, wholeAt: null }), key).left).toEqual([]);
  });

  it('from before it said when everybody was read is one of long ago', () => {
    const earlier = watermark(JSON.stringify({ v: 1, key, ...links }));
    expect(readWatermark(earlier, key)).toEqual({ links, wholeAt: null, left: [] });
  });

  it('is of soon after everybody was read for an hour', () => {
    const after = (ms: number): Date => new Date(mark.wholeAt + ms);
    expect([0, 3_599_999, 3_600_000].map((ms) => isSoonAfterWhole(mark, after(ms)))).toEqual([true, true, false]);
    expect(isSoonAfterWhole({ wholeAt: null }, after(0))).toBe(false);
  });

  it('does not depend on the order in which attributes are named', () => {
    expect(keyOf('tenant', { scope: everyone, attributes: { ...attributes, user: ['mail', 'displayName'] } })).toBe(
      key,
    );
  });

  it.each([
    ['another tenant', keyOf('other', { scope: everyone, attributes })],
    ['other attributes', keyOf('tenant', { scope: everyone, attributes: { ...attributes, user: ['mail'] } })],
    [
      'another scope',
      keyOf('tenant', { scope: { kind: 'groups', groups: [sourceId('g')], nested: false }, attributes }),
    ],
  ])('is void for %s', (_, other) => {
    expect(() => readWatermark(writeWatermark(key, mark), other)).toThrow(WatermarkExpired);
  });

  it.each(['', '{}', 'null', '{"v":2}', 'https://graph.example'])('is void when it reads %j', (text) => {
    expect(() => readWatermark(watermark(text), key)).toThrow(WatermarkExpired);
  });
});

describe('a place', () => {
  const place: FullPlace = {
    v: 3,
    read: 'full',
    key,
    granted: { needs: ['User.Read.All'] },
    minted: links,
    users: ChainPlace.parse({ of: 'users', delta: links.users }),
    groups: { next: links.groups },
    members: nothingDone,
  };

  it('is read by the same read only', () => {
    expect(readFullPlace(writePlace(place), key)).toEqual(place);
    expect(() => readFullPlace(writePlace(place), 'other')).toThrow(ResumeExpired);
    expect(() => readDeltaPlace(writePlace(place), key)).toThrow(ResumeExpired);
    expect(() => readFullPlace(resume('not a place'), key)).toThrow(ResumeExpired);
  });

  it('of an earlier version leads to a read from the start, not to a wrong one', () => {
    const earlier = { read: 'full', key, minted: links, users: 'done', managers: 'start', groups: 'done' };
    const places = [
      earlier,
      { ...earlier, members: nothingDone },
      { ...place, v: 1 },
      { ...place, minted: { ...links, users: null } },
    ];
    for (const one of places) expect(() => readFullPlace(resume(JSON.stringify(one)), key)).toThrow(ResumeExpired);
    const delta = { read: 'delta', key, users: { ended: links.users }, groups: { next: links.groups } };
    expect(() => readDeltaPlace(resume(JSON.stringify(delta)), key)).toThrow(ResumeExpired);
    expect(() => readDeltaPlace(resume(JSON.stringify({ ...delta, v: 2 })), key)).toThrow(ResumeExpired);
  });

  it('of a list is none of a chain of changes: that one ends with a link', () => {
    const ended = (of: 'users' | 'groups') => DeltaChainPlace.parse({ of, delta: links[of] });
    const chains = { granted: { needs: [] }, users: ended('users'), groups: ended('groups') };
    const delta: DeltaPlace = { v: 3, read: 'delta', key, ...chains, left: ['a-membership'] };
    expect(readDeltaPlace(writePlace(delta), key)).toEqual(delta);
    const listed = JSON.stringify({ ...delta, groups: ChainPlace.parse({ of: 'groups', delta: null }) });
    expect(() => readDeltaPlace(resume(listed), key)).toThrow(ResumeExpired);
  });
});

describe('a count of what is done', () => {
  const ids = ['a', 'b', 'c', 'd'];

  it('skips what is done in the same list, also when more was added behind', () => {
    expect(doneOf(ids, countOf(ids, 2))).toBe(2);
    expect(doneOf([...ids, 'e'], countOf(ids, 4))).toBe(4);
  });

  it('skips nothing when the list has changed before it', () => {
    expect(doneOf(['a', 'c', 'd'], countOf(ids, 2))).toBe(0);
    expect(doneOf(['b', 'a', 'c', 'd'], countOf(ids, 2))).toBe(0);
    expect(doneOf(ids, nothingDone)).toBe(0);
  });
});
