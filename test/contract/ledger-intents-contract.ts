/** What every ledger promises about intents, proposals and the record of a run. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { StaleFence } from '../../src/model/errors.ts';
import { runId } from '../../src/model/ids.ts';
import type { Ledger } from '../../src/store/ledger.ts';
import { all, type LedgerWorld, openKeys } from '../support/ledger-world.ts';
import {
  applied,
  cause,
  creates,
  createsWith,
  disables,
  hostile,
  intents,
  linked,
  people,
  start,
  updates,
} from '../support/operations.ts';

const dayMs = 86_400_000;

export const intentsContract = ({ at, clock, dieAt, held, ledger, takenOver }: LedgerWorld): void => {
  describe('intents', () => {
    it('stand open, oldest first, until they are settled', async () => {
      const { target, lease } = await held();
      const operations = people(3).map(creates);
      await ledger.intend(lease, intents(operations));
      expect(await openKeys(ledger, target)).toEqual(operations.map(({ key }) => key));

      const [first, ...rest] = operations;
      await ledger.settle(lease, first ? [applied(first, linked(first.ref))] : []);
      expect(await openKeys(ledger, target)).toEqual(rest.map(({ key }) => key));
    });

    it('keep operation, cause and time as they were given', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      const operation = createsWith(ref, hostile);
      await ledger.intend(lease, intents([operation]));
      const [intent] = await all(ledger.openIntents(target));
      expect(intent).toEqual({ target, operation, cause: cause(), at: start });
      expect(Object.hasOwn(intent?.operation.action === 'create' ? intent.operation.attributes : {}, '__proto__')).toBe(
        true,
      );
    });

    it('keep on what evidence something is taken away', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      const evidence = {
        version: 7,
        run: runId('run_7'),
        read: 'full',
        confirmed: { at: start, said: { gone: 1, not_a_member: 2, off_by_mapping: 1 }, by: 'employeeType' },
      } as const;
      const causes = [
        cause({ evidence }),
        cause({ evidence: { ...evidence, run: null, read: null, confirmed: null } }),
      ];
      await ledger.intend(lease, [
        { operation: disables(ann), cause: causes[0] ?? cause() },
        { operation: disables(bob), cause: causes[1] ?? cause() },
      ]);
      expect((await all(ledger.openIntents(target))).map((intent) => intent.cause)).toEqual(causes);
    });

    it('of a key that exists already are left as they are', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      const operation = creates(ref);
      await ledger.intend(lease, intents([operation]));
      await ledger.intend(lease, intents([{ ...operation, attributes: { userName: 'someone else' } }]));
      const entry = await ledger.entry(target, operation.key);
      expect(entry?.operation).toEqual(operation);

      await ledger.settle(lease, [applied(operation, linked(ref))]);
      await ledger.intend(lease, intents([operation]));
      expect(await openKeys(ledger, target)).toEqual([]);
    });

    it('of a worker that was taken over are refused', async () => {
      const { target, lease } = await held();
      await takenOver(lease);
      await expect(ledger.intend(lease, intents(people(2).map(creates)))).rejects.toThrow(StaleFence);
      expect(await openKeys(ledger, target)).toEqual([]);
    });

    it('written while the worker is taken over stop it before the effect', async () => {
      const { lease } = await held();
      at('ledger.intended', async () => {
        await takenOver(lease);
      });
      await expect(ledger.intend(lease, intents(people(1).map(creates)))).rejects.toThrow(StaleFence);
    });

    it('outlive a worker that dies right after them, and the next one finds them', async () => {
      const { target, lease } = await held();
      const operations = people(2).map(creates);
      await dieAt('ledger.intended', () => ledger.intend(lease, intents(operations)));
      await takenOver(lease);
      expect(await openKeys(ledger, target)).toEqual(operations.map(({ key }) => key));
    });

    it('are read on while they are being settled, more of them than one batch holds', async () => {
      const { target, lease } = await held();
      const operations = people(1_203).map(creates);
      await ledger.intend(lease, intents(operations));
      const seen: string[] = [];
      for await (const batch of ledger.openIntents(target)) {
        seen.push(...batch.map(({ operation }) => operation.key));
        await ledger.settle(
          lease,
          batch.map(({ operation }) => applied(operation, linked(operation.ref))),
        );
      }
      expect(seen).toEqual(operations.map(({ key }) => key));
      expect(await openKeys(ledger, target)).toEqual([]);
      expect(await ledger.countLinks(target)).toEqual({ user: 1_203, group: 0 });
    });
  });

  describe('the newest operation', () => {
    it('is none at first, then the last that was meant, settled or not', async () => {
      const { target, lease } = await held();
      expect(await ledger.lastWrite(target)).toBeNull();
      const [ann, bob] = people(2);
      const [first, second] = [creates(ann), creates(bob)];
      await ledger.intend(lease, intents([first], { run: runId('run_1') }));
      const one = await ledger.lastWrite(target);
      expect(one?.run).toBe('run_1');
      await ledger.settle(lease, [applied(first, linked(ann))]);
      expect(await ledger.lastWrite(target)).toEqual(one);
      const survivor = await takenOver(lease);
      await ledger.intend(survivor, intents([second], { run: runId('run_2') }));
      const two = await ledger.lastWrite(target);
      expect(two?.run).toBe('run_2');
      expect(two?.mark).not.toBe(one?.mark);
      await ledger.settle(survivor, [applied(second, linked(bob))]);
      expect(await ledger.lastWrite(target)).toEqual(two);
    });
  });

  describe('the record of a run', () => {
    it('pages through its operations in the order they were meant', async () => {
      const { target, lease } = await held();
      const run = runId(`run_${randomUUID()}`);
      const operations = people(7).map(creates);
      await ledger.intend(lease, intents(operations.slice(0, 4), { run }));
      const survivor = await takenOver(lease);
      await ledger.intend(survivor, intents(people(1).map(creates), { run: runId('run_other') }));
      await ledger.intend(survivor, intents(operations.slice(4), { run }));
      const pages: string[][] = [];
      let after: string | null = null;
      do {
        const page: Awaited<ReturnType<Ledger['entries']>> = await ledger.entries(target, run, after, 3);
        pages.push(page.items.map(({ operation }) => operation.key));
        after = page.next;
      } while (after !== null);
      const keys = operations.map(({ key }) => key);
      expect(pages).toEqual([keys.slice(0, 3), keys.slice(3, 6), keys.slice(6)]);
    });

    it('says which operation of two runs came first, though the clock of whoever made the second is behind', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      const runs = [runId(`run_${randomUUID()}`), runId(`run_${randomUUID()}`)] as const;
      await ledger.intend(lease, intents([creates(ann)], { run: runs[0] }));
      const survivor = await takenOver(lease);
      clock.now = new Date(start.getTime() - 1_000);
      await ledger.intend(survivor, intents([creates(bob)], { run: runs[1] }));
      const [first, second] = await Promise.all(runs.map((run) => ledger.entries(target, run, null, 1)));
      expect([first?.items[0]?.at, second?.items[0]?.at]).toEqual([start, clock.now]);
      expect((first?.items[0]?.order ?? '') < (second?.items[0]?.order ?? '')).toBe(true);
    });

    it('forgets what is old and settled, never what is open', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      const [old, open] = [creates(ann), creates(bob)];
      await ledger.intend(lease, intents([old, open]));
      await ledger.settle(lease, [applied(old, linked(ann))]);
      clock.now = new Date(start.getTime() + dayMs);
      const fresh = updates(ann);
      await ledger.intend(lease, intents([fresh]));
      await ledger.settle(lease, [applied(fresh, linked(ann))]);
      await ledger.prune(target, new Date(start.getTime() + 1));
      expect(await ledger.entry(target, old.key)).toBeNull();
      expect(await ledger.entry(target, fresh.key)).not.toBeNull();
      expect(await openKeys(ledger, target)).toEqual([open.key]);
      expect((await ledger.links(target, [ann])).size).toBe(1);
    });
  });
};
