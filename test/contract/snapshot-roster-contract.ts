/** What every snapshot store promises from one full sync to the next: who is as before, and who was not shown. */

import { beforeEach, describe, expect, it } from 'vitest';
import { StaleFence } from '../../src/model/errors.ts';
import { type ConnectionId, sourceId } from '../../src/model/ids.ts';
import { group, type Ref, type SourceObject, user } from '../../src/model/source-object.ts';
import type { Batch, Draft } from '../../src/store/snapshot-store.ts';
import { all, at, losing, newConnection, type OpenSnapshots, showing, snapshotWorld } from './snapshot-world.ts';

/** As Entra names them, and as another source might. */
const ann = user(sourceId('8d7a0c5e-3c1f-4a86-9f0e-0f6a3b9f1c01'));
const bob = user(sourceId('0b2d44a1-95c7-4c1f-8a4e-77aa5c2e9d02'));
const cid = user(sourceId('cid'));
const staff = group(sourceId('5f0e9a77-6f0b-4b0c-b1de-3a51b7c4ee03'));

export const snapshotRosterContract = (open: OpenSnapshots): void => {
  const world = snapshotWorld(open);
  let connection: ConnectionId;
  beforeEach(() => {
    connection = newConnection();
  });

  const titled = (ref: Ref, title: string): SourceObject => ({ ref, attributes: { title } });
  const everybody = [ann, bob, cid, staff].map((ref) => titled(ref, 'first'));
  const begin = async (signature = 'full'): Promise<Draft> =>
    world.snapshots.begin(await world.take(connection), signature);
  const finish = async (draft: Draft, full: boolean): Promise<void> => {
    const [people, groups] = [await all(draft.scan('user')), await all(draft.scan('group'))];
    await draft.commit({ watermark: null, counts: { user: people.length, group: groups.length }, full });
  };
  const idsOf = (refs: Iterable<Ref>): string[] => [...refs].map(({ type, id }) => `${type}:${id}`).sort();
  const unseenIn = async (draft: Draft) => idsOf((await all(draft.unseen())).map(({ ref }) => ref));
  const sweep = async (draft: Draft): Promise<void> => {
    const unseen = await all(draft.unseen());
    if (unseen.length > 0)
      await draft.put(
        losing(
          unseen.map(({ ref }) => ref),
          'missing',
        ),
      );
  };
  /** A page of people who are as they were before, as a run puts it. */
  const asBefore = async (draft: Draft, refs: readonly Ref[], rest: Partial<Batch> = {}): Promise<void> => {
    await draft.find(refs);
    await draft.put(showing([], { seen: refs, ...rest }));
  };
  const fullSync = async (...batches: readonly Batch[]): Promise<void> => {
    const draft = await begin();
    for (const batch of batches) await draft.put(batch);
    await sweep(draft);
    await finish(draft, true);
  };
  const deltaSync = async (batch: Batch): Promise<void> => {
    const draft = await begin('delta');
    await draft.put(batch);
    await finish(draft, false);
  };
  /** What is said to be held must be so; that it is said at all is a matter of cost. */
  const expectHeld = async (draft: Draft, shown: readonly SourceObject[], held: readonly Ref[]): Promise<void> => {
    const found = await draft.find(shown.map(({ ref }) => ref));
    const said = await draft.holds(shown);
    expect(idsOf(shown.filter(({ ref }) => said.has(ref.id)).map(({ ref }) => ref))).toEqual(idsOf(held));
    for (const { ref, attributes } of shown)
      if (said.has(ref.id)) expect({ ...found.get(ref.id)?.attributes }).toEqual(attributes);
  };

  describe('from one full sync to the next', () => {
    it('who was shown as before is held, who was not shown at all is missed', async () => {
      await fullSync(showing(everybody.slice(0, 2)), showing(everybody.slice(2)));
      const draft = await begin();
      await expectHeld(draft, everybody, [ann, bob, cid, staff]);
      await draft.put({ ...showing([]), seen: [ann, cid] });
      expect(await unseenIn(draft)).toEqual(idsOf([bob, staff]));
    });

    it('who was swept is not missed again, and is not held', async () => {
      await fullSync(showing(everybody));
      const second = await begin();
      await asBefore(second, [ann, cid]);
      await sweep(second);
      await finish(second, true);
      const draft = await begin();
      await expectHeld(draft, everybody, [ann, cid]);
      expect(await unseenIn(draft)).toEqual(idsOf([ann, cid]));
    });

    it('what a delta sync changed is never taken for what the full sync showed', async () => {
      await fullSync(showing(everybody));
      await deltaSync(showing([titled(ann, 'second')], { members: [] }));
      const draft = await begin();
      const said = await draft.holds(everybody);
      expect(said.has(ann.id)).toBe(false);
      expect(said.has(bob.id)).toBe(true);
      await draft.put({ ...showing([]), seen: [bob, cid, staff] });
      expect(await unseenIn(draft)).toEqual(idsOf([ann]));
    });

    it('who came by a delta sync is missed, and who went by one is not', async () => {
      await fullSync(showing(everybody.slice(0, 3)));
      await deltaSync(showing([titled(staff, 'first')]));
      await deltaSync(losing([bob], 'deleted'));
      const draft = await begin();
      expect((await draft.holds(everybody)).has(bob.id)).toBe(false);
      expect(await unseenIn(draft)).toEqual(idsOf([ann, cid, staff]));
    });

    it('who went and came back is missed again', async () => {
      await fullSync(showing(everybody));
      await deltaSync(losing([ann, cid], 'deleted'));
      await deltaSync(showing([titled(ann, 'first'), titled(cid, 'again')]));
      const draft = await begin();
      expect((await draft.holds([titled(cid, 'first')])).has(cid.id)).toBe(false);
      expect(await unseenIn(draft)).toEqual(idsOf([ann, bob, cid, staff]));
    });

    it('a draft that was forgotten or discarded changes nothing of it', async () => {
      await fullSync(showing(everybody));
      const forgotten = await begin('delta');
      await forgotten.put(showing([titled(ann, 'never')], { resume: at('page 2') }));
      const discarded = await begin();
      await discarded.put(showing([titled(bob, 'never')], { resume: at('page 2') }));
      await discarded.discard();
      const draft = await begin();
      const said = await draft.holds([titled(ann, 'never'), titled(bob, 'never'), titled(cid, 'first')]);
      expect(idsOf([ann, bob, cid].filter(({ id }) => said.has(id)))).toEqual(idsOf([cid]));
      await draft.put({ ...showing([]), seen: [cid, staff] });
      expect(await unseenIn(draft)).toEqual(idsOf([ann, bob]));
    });

    it('a draft that is continued goes by all of its pages', async () => {
      await fullSync(showing(everybody));
      const first = await begin();
      await first.put(showing([titled(ann, 'second')], { resume: at('page 2') }));
      await asBefore(first, [bob], { resume: at('page 3') });
      await first.put(showing([titled(cid, 'lost')]));
      const second = await begin();
      const said = await second.holds([titled(ann, 'first'), titled(cid, 'lost'), titled(bob, 'first')]);
      expect([...said]).toEqual([bob.id]);
      expect(await unseenIn(second)).toEqual(idsOf([cid, staff]));
      await sweep(second);
      await finish(second, true);
      const third = await begin();
      await expectHeld(third, [titled(ann, 'second'), titled(bob, 'first'), titled(cid, 'first')], [ann, bob]);
      expect(await unseenIn(third)).toEqual(idsOf([ann, bob]));
    });

    it('a full sync that did not show everybody does not forget whom it did not show', async () => {
      await fullSync(showing(everybody));
      const partial = await begin();
      await partial.put(showing([titled(ann, 'second')]));
      await finish(partial, true);
      const draft = await begin();
      expect((await draft.holds(everybody)).has(ann.id)).toBe(false);
      await draft.put({ ...showing([]), seen: [ann] });
      expect(await unseenIn(draft)).toEqual(idsOf([bob, cid, staff]));
    });

    it('a full sync whose counts are not those of the people it showed does not forget anybody either', async () => {
      await fullSync(showing(everybody));
      const wrong = await begin();
      await wrong.put({ ...showing([]), seen: [ann, bob, cid, staff] });
      await wrong.commit({ watermark: null, counts: { user: 4, group: 1 }, full: true });
      expect(await unseenIn(await begin())).toEqual(idsOf([ann, bob, cid, staff]));
    });

    it.each(['snapshot.noted', 'snapshot.committed', 'snapshot.rolled'] as const)(
      'a worker that dies at %s leaves whom the head knows',
      async (site) => {
        await fullSync(showing(everybody));
        const first = await begin();
        await first.put(showing([titled(ann, 'second')]));
        await asBefore(first, [bob, cid]);
        await sweep(first);
        world.at(site, async () => {
          throw new Error('The worker died.');
        });
        await expect(finish(first, true)).rejects.toThrow('The worker died.');
        const next = await begin('another');
        const isIn = (await all(next.scan('group'))).length > 0;
        expect(isIn).toBe(site === 'snapshot.noted');
        const said = await next.holds([titled(ann, isIn ? 'second' : 'first'), titled(bob, 'first')]);
        expect([...said]).toEqual([bob.id]);
        expect(await unseenIn(next)).toEqual(idsOf(isIn ? [ann, bob, cid, staff] : [ann, bob, cid]));
      },
    );

    it('a worker that comes back late puts nobody on it', async () => {
      await fullSync(showing(everybody));
      const late = await begin();
      await late.put(showing([titled(ann, 'second')], { resume: at('page 2') }));
      world.at('snapshot.staged', async () => {
        const next = await begin();
        await asBefore(next, [bob, cid, staff]);
        await sweep(next);
        await finish(next, true);
      });
      const dan = titled(user(sourceId('dan')), 'new');
      await expect(late.put(showing([dan, titled(bob, 'late')]))).rejects.toBeInstanceOf(StaleFence);
      const draft = await begin();
      await expectHeld(draft, [titled(ann, 'second'), titled(bob, 'first'), dan], [ann, bob]);
      await expectHeld(draft, [titled(bob, 'late')], []);
      expect(await unseenIn(draft)).toEqual(idsOf([ann, bob, cid, staff]));
    });
  });
};
