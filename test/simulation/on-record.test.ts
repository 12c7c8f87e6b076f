import { describe, expect, it } from 'vitest';
import { remoteId, sourceId } from '../../src/model/ids.ts';
import type { Operation, Outcome } from '../../src/model/operation.ts';
import { group, user } from '../../src/model/source-object.ts';
import {
  addsMembers,
  applied,
  creates,
  escrowed,
  linked,
  partlyApplied,
  removesMembers,
  updates,
} from '../support/operations.ts';
import { recordsKept } from './on-record.ts';
import type { Remote } from './remote.ts';

const [ann, bob] = [user(sourceId('ann')), user(sourceId('bob'))];
const staff = group(sourceId('staff'));

const remote = (id: string, type: Remote['type'], ...members: readonly string[]): Remote => ({
  ...{ id: remoteId(`remote-${id}`), type, externalId: id, name: id, displayName: id, active: true },
  ...{
    title: null,
    department: null,
    manager: null,
    members: new Set(members.map((member) => `remote-${member}`)),
    stamp: '',
  },
});
const accounts = [remote('ann', 'user'), remote('bob', 'user'), remote('staff', 'group')];

/** An account of Ann, and the staff with her and Bob in it, came before or after a backup that then is put back. */
const putBack = (backedUpAt: number) => {
  const records = recordsKept(() => 10);
  const customer = {
    unrecorded: new Set<string>(),
    takenBack: new Set<string>(),
    remote: { find: (id: string) => accounts.find((each) => each.id === id) ?? null },
    directory: { truth: () => ({ people: new Map(), groups: new Map() }) },
  };
  for (const after of [remote('ann', 'user'), remote('staff', 'group', 'ann', 'bob')])
    records.noteEffect(customer, { before: null, after });
  records.onPutBack(backedUpAt);
  const settled = (operation: Operation, outcome: Outcome): readonly string[] => {
    records.noteSettled(customer, operation, outcome);
    return [...customer.unrecorded];
  };
  return { unrecorded: [...customer.unrecorded], takenBack: customer.takenBack, settled };
};

const ofStaff = ['ann in staff', 'bob in staff'];

describe('after the database was put back', () => {
  it('there is no record of what came since the backup', () => {
    expect(putBack(10).unrecorded).toEqual(['ann', 'staff', ...ofStaff]);
    expect(putBack(11).unrecorded).toEqual([]);
  });

  it('an account is on record again once an outcome says whose it is', () => {
    const { settled } = putBack(10);
    const made = creates(ann);
    expect(settled(made, escrowed(made))).toContain('ann');
    expect(settled(made, { ...escrowed(made), link: null })).toContain('ann');
    expect(settled(made, applied(made, linked(ann)))).toEqual(['staff', ...ofStaff]);
  });

  it('but not by a link that went back, and names another account that is gone', () => {
    const { settled } = putBack(10);
    const seen = updates(ann);
    const former = remoteId('remote-former');
    expect(settled(seen, applied(seen, { ...linked(ann), remoteId: former }))).toContain('ann');
    const { key } = addsMembers(staff, ann);
    const members = [{ ref: ann, remoteId: former }];
    const ofFormer: Operation = { key, ref: staff, action: 'add_members', remoteId: remoteId('remote-staff'), members };
    expect(settled(ofFormer, applied(ofFormer))).toContain('ann in staff');
  });

  it('a group that is found again is for the record one that was there before, until it is made anew', () => {
    const { takenBack, settled } = putBack(10);
    const [found, made] = [updates(staff), creates(staff)];
    settled(found, applied(found, { ...linked(staff), by: 'matched' }));
    expect([...takenBack]).toEqual(['staff']);
    settled(made, applied(made, linked(staff)));
    expect([...takenBack]).toEqual([]);
    const ofAnn = updates(ann);
    settled(ofAnn, applied(ofAnn, { ...linked(ann), by: 'matched' }));
    expect([...takenBack]).toEqual([]);
  });

  it('and a membership once one says that it was given or taken, to whom it was not refused', () => {
    const joined = addsMembers(staff, ann, bob);
    expect(putBack(10).settled(joined, escrowed(joined))).toEqual(['ann', 'staff', ...ofStaff]);
    expect(putBack(10).settled(joined, partlyApplied(joined, [ann]))).toEqual(['ann', 'staff', 'ann in staff']);
    expect(putBack(10).settled(joined, applied(joined))).toEqual(['ann', 'staff']);
    const others = removesMembers(staff, 1);
    expect(putBack(10).settled(others, applied(others))).toEqual(['ann', 'staff', ...ofStaff]);
  });
});
