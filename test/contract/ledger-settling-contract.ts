/** What every ledger promises about outcomes: what a survivor finds, wherever the worker before it stopped. */

import { describe, expect, it } from 'vitest';
import { StaleFence } from '../../src/model/errors.ts';
import { remoteId } from '../../src/model/ids.ts';
import { type LedgerWorld, openKeys, picture } from '../support/ledger-world.ts';
import { applied, creates, escrowed, intents, linked, people, skipped, updates } from '../support/operations.ts';

export const settlingContract = ({ at, dieAt, held, ledger, takenOver }: LedgerWorld): void => {
  describe('settling', () => {
    it('twice is the same as once', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      const [makesAnn, makesBob] = [creates(ann), creates(bob)];
      await ledger.intend(lease, intents([makesAnn, makesBob]));
      const outcomes = [applied(makesAnn, linked(ann)), escrowed(makesBob)];
      await ledger.settle(lease, outcomes);
      const before = await picture(ledger, target);
      await ledger.settle(lease, outcomes);
      expect(await picture(ledger, target)).toEqual(before);
      expect(before).toMatchObject({ open: [], escrows: [{ ref: bob, attempts: 1 }], links: [linked(ann)] });
    });

    it('keeps the first outcome of an operation', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      const operation = creates(ref);
      await ledger.intend(lease, intents([operation]));
      await ledger.settle(lease, [applied(operation, linked(ref))]);
      await ledger.settle(lease, [skipped(operation, 'no_trace')]);
      expect((await ledger.entry(target, operation.key))?.outcome).toMatchObject({ result: 'applied' });
    });

    it('takes the last of several outcomes about one object', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      const [create, update] = [creates(ref), updates(ref)];
      await ledger.intend(lease, intents([create, update]));
      const renamed = { ...linked(ref), pushed: { displayName: 'Renamed' } };
      await ledger.settle(lease, [applied(create, linked(ref)), applied(update, renamed)]);
      expect((await ledger.links(target, [ref])).get(ref.id)).toEqual(renamed);
    });

    it.each(['ledger.escrowed', 'ledger.linked', 'ledger.settled'])(
      'broken off at %s is finished by whoever settles again',
      async (site) => {
        const { target, lease } = await held();
        const [ann, bob] = people(2);
        const operations = [creates(ann), creates(bob)] as const;
        const outcomes = [applied(operations[0], linked(ann)), escrowed(operations[1])];
        await ledger.intend(lease, intents(operations));
        await dieAt(site, () => ledger.settle(lease, outcomes));
        const survivor = await takenOver(lease);
        // Nothing of an operation is forgotten while any of it is missing.
        const open = await openKeys(ledger, target);
        expect(open).toEqual(site === 'ledger.settled' ? [] : operations.map(({ key }) => key));
        // Whoever has a link to nothing any more, or none yet, is in escrow by then.
        expect((await picture(ledger, target)).escrows).toMatchObject([{ ref: bob, attempts: 1 }]);
        expect((await ledger.links(target, [ann])).get(ann.id)).toEqual(
          site === 'ledger.escrowed' ? undefined : linked(ann),
        );

        await ledger.settle(survivor, outcomes);
        expect(await picture(ledger, target)).toMatchObject({
          open: [],
          links: [linked(ann)],
          escrows: [{ ref: bob, attempts: 1 }],
        });
      },
    );

    it.each(['ledger.escrowed', 'ledger.linked'])(
      'of a worker that was taken over at %s does not reach what the survivor wrote',
      async (site) => {
        const { target, lease } = await held();
        const [ann, bob] = people(2);
        const operations = [creates(ann), creates(bob)] as const;
        await ledger.intend(lease, intents(operations));
        const found = { ...linked(ann), remoteId: remoteId('found by the survivor') };
        at(site, async () => {
          const survivor = await takenOver(lease);
          await ledger.settle(survivor, [applied(operations[0], found), applied(operations[1], linked(bob))]);
        });
        const late = [applied(operations[0], linked(ann)), escrowed(operations[1])];
        await expect(ledger.settle(lease, late)).rejects.toThrow(StaleFence);
        expect(await picture(ledger, target)).toMatchObject({ open: [], escrows: [] });
        expect((await ledger.links(target, [ann])).get(ann.id)).toEqual(found);
      },
    );

    it('of a worker that was taken over before is refused as a whole', async () => {
      const { target, lease } = await held();
      const [ref] = people(1);
      const operation = creates(ref);
      await ledger.intend(lease, intents([operation]));
      await takenOver(lease);
      await expect(ledger.settle(lease, [applied(operation, linked(ref))])).rejects.toThrow(StaleFence);
      expect(await picture(ledger, target)).toEqual({ open: [operation.key], links: [], escrows: [] });
    });
  });
};
