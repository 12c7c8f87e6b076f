import { describe, expect, it } from 'vitest';
import { asDoubted, holds, mayHold, mostEarlier, untold, valuesInDoubt } from '../../src/core/told.ts';
import { operationKey, remoteId } from '../../src/model/ids.ts';
import type { Link, Operation } from '../../src/model/operation.ts';
import type { Attributes } from '../../src/model/source-object.ts';
import { aUser } from './builders.ts';

const now = new Date(0);
const ref = aUser('bob');
const bob: Link = {
  ref,
  remoteId: remoteId('7'),
  by: 'created',
  state: 'active',
  since: now,
  hasLeft: false,
  pushed: { name: 'Bob', title: 'Clerk' },
  membersSince: null,
  membersAt: null,
};
const update = (attributes: Attributes): Operation & { readonly action: 'update' } => ({
  ...{ key: operationKey('u'), ref, action: 'update', remoteId: bob.remoteId, attributes, before: {} },
});
/** After these were written one after the other, and none of them was seen. */
const unseen = (...written: readonly Attributes[]): Link =>
  written.reduce<Link>((link, attributes) => mayHold(link, update(attributes), now) ?? link, bob);
const names = (link: Link) => valuesInDoubt(link, 'name');

describe('what an account may hold of what was written and not seen', () => {
  it('is each value of a path, the last first, and each of them once', () => {
    expect(names(bob)).toEqual([]);
    expect(names(unseen({ name: 'Rob' }))).toEqual(['Rob']);
    expect(names(unseen({ name: 'Rob' }, { name: 'Bert' }, { name: null }))).toEqual([null, 'Bert', 'Rob']);
    expect(names(unseen({ name: 'Rob' }, { name: 'Bert' }, { name: 'Rob' }))).toEqual(['Rob', 'Bert']);
    expect(names(unseen({ name: ['a', 'b'] }, { name: 'Bert' }, { name: ['b', 'a'] }))).toEqual([['b', 'a'], 'Bert']);
  });

  it('is that besides what is known: to write this once more ends no doubt, and adds none', () => {
    expect(names(unseen({ name: 'Rob' }, { name: 'Bert' }, { name: 'Bob' }))).toEqual(['Bert', 'Rob']);
    expect(names(unseen({ name: 'Bob' }, { name: 'Rob' }))).toEqual(['Rob']);
  });

  it('is of one path whatever is written of another', () => {
    const link = unseen({ name: 'Rob', title: 'Nurse' }, { name: 'Bert' }, { title: 'Doctor' });
    expect(link).toMatchObject({
      mayHold: { name: 'Bert', title: 'Doctor' },
      mayHoldToo: { name: ['Rob'], title: ['Nurse'] },
    });
  });

  it('are the last values, and no more of those before than can be kept', () => {
    const written = Array.from({ length: mostEarlier + 3 }, (_, nth) => `Bob ${nth}`);
    const kept = written.toReversed().slice(0, mostEarlier + 1);
    expect(names(unseen(...written.map((name) => ({ name }))))).toEqual(kept);
  });

  it('is nothing of a path any more once a write of it is known to have been taken', () => {
    const link = holds(unseen({ name: 'Rob', title: 'Nurse' }, { name: 'Bert', title: 'Doctor' }), { name: 'Al' });
    expect(link).toMatchObject({
      pushed: { name: 'Al' },
      mayHold: { title: 'Doctor' },
      mayHoldToo: { title: ['Nurse'] },
    });
    expect(names(link)).toEqual([]);
    const all = holds(link, { title: 'Clerk' });
    expect(all).not.toHaveProperty('mayHold');
    expect(all).not.toHaveProperty('mayHoldToo');
  });

  it('is all of it also where it may hold nothing of what it was told', () => {
    expect(names(untold(unseen({ name: 'Rob' })))).toEqual([null, 'Rob']);
  });

  it('is given with an update as it is sent, by path, and with nothing else', () => {
    const link = unseen({ name: 'Rob' }, { name: 'Bert', title: 'Nurse' });
    expect(asDoubted(update({ name: 'Al' }), link)).toMatchObject({
      mayHold: { name: ['Bert', 'Rob'], title: ['Nurse'] },
    });
    expect(asDoubted(update({ name: 'Al' }), bob)).toEqual(update({ name: 'Al' }));
    const disable: Operation = { key: operationKey('d'), ref, action: 'disable', remoteId: bob.remoteId };
    expect(asDoubted(disable, link)).toEqual(disable);
  });

  it('is read of a link that was kept before more than one value was', () => {
    expect(names({ ...bob, mayHold: { name: 'Rob' } })).toEqual(['Rob']);
  });
});
