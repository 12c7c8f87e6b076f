import { describe, expect, it } from 'vitest';
import { type Now, rulesMoved, whatMoved } from '../../src/core/plan-basis.ts';
import { planKinds } from '../../src/model/plan.ts';

const was: Now = {
  wanted: 'all',
  version: 3,
  scope: 'all',
  rules: 'rules',
  protection: 'nobody',
  reach: 'here',
  position: 2,
  written: 'order-7',
  epoch: 0,
};

describe('what a plan was made from', () => {
  it('stands where nothing moved', () => {
    for (const kind of planKinds) expect(whatMoved(kind, was, { ...was, changed: false })).toEqual([]);
  });

  it.each(['rules', 'protection', 'reach', 'epoch'] as const)(
    'does not stand by another %s, for whichever kind',
    (what) => {
      const now = { ...was, [what]: what === 'epoch' ? 1 : 'other' };
      for (const kind of planKinds) {
        expect([kind, rulesMoved(kind, was, now).length]).toEqual([kind, 1]);
        expect([kind, whatMoved(kind, was, { ...now, changed: false }).length]).toEqual([kind, 1]);
      }
    },
  );

  it('asks the tenant and the target only of what is carried out as it is, and of an undo only the target', () => {
    const moved = { ...was, version: 4, position: 4, written: 'order-8', changed: true };
    const said = Object.fromEntries(planKinds.map((kind) => [kind, whatMoved(kind, was, moved).length]));
    expect(said).toEqual({ first: 2, held: 0, dry_run: 2, repair: 2, undo: 1, preview: 2 });
    expect(whatMoved('undo', was, { ...was, scope: 'other', changed: true })).toEqual([]);
  });

  it('stands for an undo when a run that wrote nothing moved the position, and for no other plan that is carried out as it is', () => {
    const moved = { ...was, position: 4, changed: false };
    const said = Object.fromEntries(planKinds.map((kind) => [kind, whatMoved(kind, was, moved).length]));
    expect(said).toEqual({ first: 1, held: 0, dry_run: 1, repair: 1, undo: 0, preview: 1 });
    expect(whatMoved('undo', was, { ...moved, written: 'order-8' })).toEqual(['the target was written to since']);
  });

  it('does not stand once the scope of the connection is edited, before the tenant was read by it; only an undo does', () => {
    const now = { ...was, wanted: 'groups', changed: false };
    const said = Object.fromEntries(planKinds.map((kind) => [kind, whatMoved(kind, was, now).length]));
    expect(said).toEqual({ first: 1, held: 1, dry_run: 1, repair: 1, undo: 0, preview: 1 });
    expect(rulesMoved('first', was, now)).toEqual([
      'the scope of the connection was edited, and the tenant was not read by it yet',
    ]);
    // Once it was read, that is what moved.
    expect(rulesMoved('first', was, { ...now, scope: 'groups' })).toEqual(['the scope of the snapshot is another']);
    expect(rulesMoved('first', { ...was, scope: null }, { ...now, scope: null })).toEqual([]);
  });

  it('that is from before something was kept says nothing of it', () => {
    expect(rulesMoved('first', { ...was, protection: null, reach: null }, was)).toEqual([]);
  });
});
