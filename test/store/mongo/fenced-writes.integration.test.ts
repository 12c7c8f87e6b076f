import { afterAll, describe, expect, it } from 'vitest';
import { StaleFence } from '../../../src/model/errors.ts';
import { targetId } from '../../../src/model/ids.ts';
import type { Lease } from '../../../src/store/leases.ts';
import { deleteFenced, insertMissing, writeFenced } from '../../../src/store/mongo/fenced-writes.ts';
import { createLinks } from '../../../src/store/mongo/links.ts';
import { openTestMongo } from '../../support/mongo.ts';
import { applied, creates, deletes, linked, people } from '../../support/operations.ts';

/** A worker that was paused between looking at its fence and writing: nothing but the write itself can stop it. */
const late = (key: string): Lease => ({ key: targetId(key), owner: 'first', fence: 5 });
const survivor = (key: string): Lease => ({ key: targetId(key), owner: 'second', fence: 6 });

describe('a write that carries its fence', async () => {
  const { mongo, close } = await openTestMongo();
  afterAll(close);
  const { db } = mongo;
  const all = (name: string) => db.collection(name).find().sort({ _id: 1 }).toArray();
  const write = (id: string, word: string, fresh: boolean) => ({ id, set: { word }, fresh });

  it.each([true, false])('never replaces what a newer holder wrote (expected to be new: %s)', async (fresh) => {
    const name = `late_${fresh}`;
    await writeFenced(db, name, survivor('t'), [write('b', 'survivor', true)]);
    const both = [write('a', 'late', fresh), write('b', 'late', fresh)];
    await expect(writeFenced(db, name, late('t'), both)).rejects.toThrow(StaleFence);
    expect(await all(name)).toMatchObject([
      { word: 'late', f: 5 },
      { word: 'survivor', f: 6 },
    ]);
  });

  it.each([true, false])('replaces what an older holder or itself wrote (expected to be new: %s)', async (fresh) => {
    const name = `newer_${fresh}`;
    await writeFenced(db, name, late('t'), [write('a', 'late', fresh)]);
    for (const word of ['once', 'twice']) {
      await writeFenced(db, name, survivor('t'), [write('a', word, fresh), write('b', word, fresh)]);
      expect((await all(name)).map((document) => [document['word'], document['f']])).toEqual([
        [word, 6],
        [word, 6],
      ]);
    }
  });

  it('of a removal spares what a newer holder wrote', async () => {
    await writeFenced(db, 'removed', late('t'), [write('a', 'late', true), write('c', 'late', true)]);
    await writeFenced(db, 'removed', survivor('t'), [write('b', 'survivor', true), write('c', 'survivor', true)]);
    await deleteFenced(db, 'removed', late('t'), ['a', 'b', 'c']);
    expect((await all('removed')).map((document) => document['word'])).toEqual(['survivor', 'survivor']);
  });

  it('of many at once needs no more than one batch may hold', async () => {
    const writes = (word: string) => Array.from({ length: 2_500 }, (_, each) => write(`${each}`, word, each % 2 === 0));
    await writeFenced(db, 'many', late('t'), writes('one'));
    await writeFenced(db, 'many', survivor('t'), writes('two'));
    expect(await db.collection('many').countDocuments({ word: 'two', f: 6 })).toBe(2_500);
  });

  it('passes other failures on', async () => {
    await db.collection('refusing').createIndex({ word: 1 }, { unique: true });
    await expect(
      writeFenced(db, 'refusing', late('t'), [write('a', 'same', false), write('b', 'same', false)]),
    ).rejects.toThrow();
    const tooBig = 'x'.repeat(17_000_000);
    await expect(insertMissing(db, 'refusing', [{ _id: 'c', f: 1, word: tooBig }])).rejects.toThrow();
  });

  it('inserts what is missing and leaves the rest', async () => {
    await insertMissing(db, 'missing', [{ _id: 'a', f: 5, word: 'first' }]);
    await insertMissing(
      db,
      'missing',
      ['a', 'b'].map((_id) => ({ _id, f: 6, word: 'second' })),
    );
    expect((await all('missing')).map((document) => document['word'])).toEqual(['first', 'second']);
  });

  it('keeps a link that is gone from being brought back, and what it was for whoever asks', async () => {
    const links = createLinks(db);
    const [ref] = people(1);
    const target = targetId('tgt_gone');
    await links.write(late(target), [applied(creates(ref), linked(ref))]);
    await links.write(survivor(target), [applied(deletes(ref), null)]);
    await expect(links.write(late(target), [applied(creates(ref), linked(ref))])).rejects.toThrow(StaleFence);
    expect((await links.find(target, [ref])).size).toBe(0);
    expect(await all('links')).toMatchObject([{ state: 'deleted', remoteId: linked(ref).remoteId, by: 'created' }]);

    await links.prune(target, new Date('2100-01-01'));
    expect(await all('links')).toEqual([]);
  });
});
