/** What every ledger promises, whatever it is kept in. */

import { describe, expect, it } from 'vitest';
import { StaleFence } from '../../src/model/errors.ts';
import { runId } from '../../src/model/ids.ts';
import { type LedgerWorld, type OpenLedger, openLedgerWorld, picture } from '../support/ledger-world.ts';
import { creates, escrowed, intents, people, waits } from '../support/operations.ts';
import { escrowContract } from './ledger-escrow-contract.ts';
import { forgetContract } from './ledger-forget-contract.ts';
import { guardedContract } from './ledger-guarded-contract.ts';
import { intentsContract } from './ledger-intents-contract.ts';
import { linksContract } from './ledger-links-contract.ts';
import { settlingContract } from './ledger-settling-contract.ts';
import { takenContract } from './ledger-taken-contract.ts';

export const ledgerContract = async (open: OpenLedger): Promise<void> => {
  const world = await openLedgerWorld(open);
  positionContract(world);
  intentsContract(world);
  settlingContract(world);
  linksContract(world);
  escrowContract(world);
  takenContract(world);
  guardedContract(world);
  forgetContract(world);
};

const positionContract = ({ created, held, ledger, takenOver }: LedgerWorld): void => {
  describe('the position', () => {
    it('starts at nothing, moves on and never back', async () => {
      const { target, lease } = await held();
      expect(await ledger.position(target)).toBeNull();
      await ledger.advance(lease, 0);
      expect(await ledger.position(target)).toBe(0);
      await ledger.advance(lease, 7);
      await ledger.advance(lease, 3);
      expect(await ledger.position(target)).toBe(7);
    });

    it('is not moved by a worker that was taken over', async () => {
      const { target, lease } = await held();
      const survivor = await takenOver(lease);
      await expect(ledger.advance(lease, 9)).rejects.toThrow(StaleFence);
      expect(await ledger.position(target)).toBeNull();
      await ledger.advance(survivor, 4);
      expect(await ledger.position(target)).toBe(4);
    });
  });

  describe('which system the links are of', () => {
    it('is not known until somebody found out, and goes with the target', async () => {
      const { target, lease } = await held();
      expect(await ledger.reach(target)).toEqual({ proved: null, refused: null });
      await ledger.noteReach(lease, { proved: 'here', refused: null });
      await ledger.acceptRules(lease, 'rules-1');
      await ledger.noteReach(lease, { proved: 'here', refused: 'there' });
      expect(await ledger.reach(target)).toEqual({ proved: 'here', refused: 'there' });
      expect(await ledger.rules(target)).toBe('rules-1');
      await ledger.erase(target);
      expect(await ledger.reach(target)).toEqual({ proved: null, refused: null });
    });

    it('is not told by a worker that was taken over', async () => {
      const { target, lease } = await held();
      await takenOver(lease);
      await expect(ledger.noteReach(lease, { proved: 'there', refused: null })).rejects.toThrow(StaleFence);
      expect(await ledger.reach(target)).toEqual({ proved: null, refused: null });
    });
  });

  describe('the looks at everybody that a target is owed', () => {
    const nothing = { groups: null, protection: null, protectedBy: null };

    it('are none until a run passes some by, and go with the target', async () => {
      const { target, lease } = await held();
      const after = runId('run_passes_by');
      expect(await ledger.owed(target)).toEqual(nothing);
      await ledger.noteOwed(lease, { ...nothing, groups: { after } });
      await ledger.acceptRules(lease, 'rules-1');
      expect(await ledger.owed(target)).toEqual({ ...nothing, groups: { after } });
      await ledger.noteOwed(lease, { groups: null, protection: { after: null }, protectedBy: 'them' });
      expect(await ledger.owed(target)).toEqual({ groups: null, protection: { after: null }, protectedBy: 'them' });
      await ledger.erase(target);
      expect(await ledger.owed(target)).toEqual(nothing);
    });

    it('are not told by a worker that was taken over', async () => {
      const { target, lease } = await held();
      await takenOver(lease);
      await expect(
        ledger.noteOwed(lease, { groups: null, protection: { after: null }, protectedBy: 'them' }),
      ).rejects.toThrow(StaleFence);
      expect(await ledger.owed(target)).toEqual(nothing);
    });
  });

  describe('through which version it was noticed who left a protected group', () => {
    it('is told by the run that noticed it, never moves back, and goes with the target', async () => {
      const { target, lease } = await held();
      expect(await ledger.noticed(target)).toBe(0);
      await ledger.noteNoticed(lease, 7);
      await ledger.noteNoticed(lease, 5);
      await ledger.advance(lease, 3);
      expect(await ledger.noticed(target)).toBe(7);
      expect(await ledger.position(target)).toBe(3);
      await ledger.erase(target);
      expect(await ledger.noticed(target)).toBe(0);
    });

    it('is not told by a worker that was taken over', async () => {
      const { target, lease } = await held();
      await takenOver(lease);
      await expect(ledger.noteNoticed(lease, 7)).rejects.toThrow(StaleFence);
      expect(await ledger.noticed(target)).toBe(0);
    });
  });

  describe('the rules a target is written by', () => {
    it('are none until somebody accepts them, and go with the target', async () => {
      const { target, lease } = await held();
      expect(await ledger.rules(target)).toBeNull();
      await ledger.acceptRules(lease, 'rules-1');
      await ledger.advance(lease, 3);
      expect(await ledger.rules(target)).toBe('rules-1');
      await ledger.acceptRules(lease, 'rules-2');
      expect(await ledger.rules(target)).toBe('rules-2');
      expect(await ledger.position(target)).toBe(3);
      await ledger.erase(target);
      expect(await ledger.rules(target)).toBeNull();
    });

    it('are not accepted by a worker that was taken over', async () => {
      const { target, lease } = await held();
      await takenOver(lease);
      await expect(ledger.acceptRules(lease, 'rules-1')).rejects.toThrow(StaleFence);
      expect(await ledger.rules(target)).toBeNull();
    });
  });

  it('erases everything of one target, and nothing of another', async () => {
    const [one, other] = [await held(), await held()];
    for (const { lease } of [one, other]) {
      const [ann, bob] = people(2);
      await created(lease, [ann]);
      await ledger.intend(lease, intents([creates(bob)]));
      await ledger.settle(lease, [escrowed(creates(bob))]);
      await ledger.wait(lease, [waits(ann, 'manager', bob.id)]);
      await ledger.advance(lease, 3);
    }
    await ledger.erase(one.target);
    expect(await picture(ledger, one.target)).toEqual({ open: [], links: [], escrows: [] });
    expect(await ledger.position(one.target)).toBeNull();
    const kept = await picture(ledger, other.target);
    expect([kept.open.length, kept.links.length, kept.escrows.length]).toEqual([1, 1, 1]);
    expect(await ledger.position(other.target)).toBe(3);
  });
};
