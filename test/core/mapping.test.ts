import { describe, expect, it } from 'vitest';
import { difference, mapForCreate, mapForUpdate, references } from '../../src/core/mapping.ts';
import { remoteId, type SourceId } from '../../src/model/ids.ts';
import type { MappingRule } from '../../src/model/mapping.ts';
import type { Attributes } from '../../src/model/source-object.ts';
import { idOf, person } from './builders.ts';

type Options = Partial<Pick<MappingRule, 'apply' | 'whenNull' | 'default'>>;
const plain = { apply: 'always', whenNull: 'clear', default: null } as const;
const direct = (from: string, to: string, options: Options = {}): MappingRule => ({
  kind: 'direct',
  from,
  to,
  ...plain,
  ...options,
});
const constant = (value: MappingRule['default'], to: string, options: Options = {}): MappingRule => ({
  kind: 'constant',
  value,
  to,
  ...plain,
  ...options,
});
const reference = (from: string, to: string, options: Options = {}): MappingRule => ({
  kind: 'reference',
  from,
  to,
  ...plain,
  ...options,
});
const nobody = (): undefined => undefined;
const linked =
  (...names: readonly string[]) =>
  (id: SourceId) =>
    names.includes(id) ? remoteId(`r-${id}`) : undefined;
const created = (attributes: Attributes, ...rules: readonly MappingRule[]) =>
  mapForCreate(person('anna', attributes), rules, nobody).attributes;
const updated = (attributes: Attributes, ...rules: readonly MappingRule[]) =>
  mapForUpdate(person('anna', attributes), rules, nobody, {}).attributes;

describe('a direct rule', () => {
  it('brings the value over as it is', () => {
    for (const value of ['Nurse', '', 0, false, ['a', 'b']]) {
      expect(created({ jobTitle: value }, direct('jobTitle', 'title'))).toEqual({ title: value });
      expect(updated({ jobTitle: value }, direct('jobTitle', 'title'))).toEqual({ title: value });
    }
  });

  it('brings over the id, and one element of a list', () => {
    const rules = [direct('id', 'externalId'), direct('phones[1]', 'phone')];
    expect(created({ phones: ['1', '2'] }, ...rules)).toEqual({ externalId: 'anna', phone: '2' });
    expect(created({ phones: ['1'] }, ...rules)).toEqual({ externalId: 'anna' });
    expect(updated({ phones: ['1'] }, ...rules)).toEqual({ externalId: 'anna', phone: null });
  });

  it('leaves an unassigned value out on create, and on update clears or keeps as it says', () => {
    for (const unassigned of [{}, { jobTitle: null }, { jobTitle: [] }]) {
      expect(created(unassigned, direct('jobTitle', 'title'))).toEqual({});
      expect(updated(unassigned, direct('jobTitle', 'title'))).toEqual({ title: null });
      expect(updated(unassigned, direct('jobTitle', 'title', { whenNull: 'keep' }))).toEqual({});
    }
  });

  it('takes its default for an unassigned value on create only', () => {
    const rule = direct('accountEnabled', 'active', { default: true, whenNull: 'keep' });
    expect(created({}, rule)).toEqual({ active: true });
    expect(created({ accountEnabled: [] }, rule)).toEqual({ active: true });
    expect(created({ accountEnabled: false }, rule)).toEqual({ active: false });
    expect(updated({}, rule)).toEqual({});
    expect(created({}, direct('x', 'y', { default: [] }))).toEqual({});
  });

  it('leaves the default it gave on create, and clears what came after it', () => {
    const rule = direct('department', 'department', { default: 'Unknown' });
    const toldThat = (department: string) => mapForUpdate(person('anna'), [rule], nobody, { department }).attributes;
    expect(toldThat('Unknown')).toEqual({});
    expect(toldThat('Sales')).toEqual({ department: null });
  });

  it('that applies only on create says nothing later', () => {
    const rule = direct('upn', 'userName', { apply: 'only_on_create' });
    expect(created({ upn: 'anna' }, rule)).toEqual({ userName: 'anna' });
    expect(updated({ upn: 'anna' }, rule)).toEqual({});
    expect(updated({}, rule)).toEqual({});
  });
});

describe('a constant rule', () => {
  it('says the same of everybody', () => {
    expect(created({ locale: 'fr' }, constant('de', 'locale'))).toEqual({ locale: 'de' });
    expect(updated({ locale: 'fr' }, constant('de', 'locale'))).toEqual({ locale: 'de' });
    expect(updated({}, constant('de', 'locale', { apply: 'only_on_create' }))).toEqual({});
  });

  it('of null clears what was there', () => {
    expect(created({}, constant(null, 'nickName'))).toEqual({});
    expect(updated({}, constant(null, 'nickName'))).toEqual({ nickName: null });
  });
});

describe('a rule that switches the account', () => {
  it('knows true and false, as text as well, so that the guard counts whoever is switched off', () => {
    for (const off of [false, 'False', 'false', ' FALSE '])
      expect(updated({ works: off }, direct('works', 'active'))).toEqual({ active: false });
    expect(updated({}, constant('False', 'active'))).toEqual({ active: false });
    expect(updated({ works: 'True' }, direct('works', 'active'))).toEqual({ active: true });
  });

  it('says nothing by any other value, and never clears the switch', () => {
    for (const value of [null, 0, 'no', '', ['false']])
      expect(updated({ works: value }, direct('works', 'active', { whenNull: 'clear' }))).toEqual({});
    expect(created({ works: 'no' }, direct('works', 'active', { default: true }))).toEqual({ active: true });
  });
});

describe('a reference', () => {
  const manager = reference('manager', 'manager');
  const anna = person('anna', { manager: 'BERT' });

  it('becomes the remote id of who is meant, however the source id is written', () => {
    const mapped = { attributes: { manager: 'r-bert' }, unresolved: [] };
    expect(mapForCreate(anna, [manager], linked('bert'))).toEqual(mapped);
    expect(mapForUpdate(anna, [manager], linked('bert'), {})).toEqual(mapped);
  });

  it('to somebody who has no remote id yet waits, and says nothing meanwhile', () => {
    const mapped = { attributes: {}, unresolved: [{ path: 'manager', to: idOf('bert') }] };
    expect(mapForCreate(anna, [manager], nobody)).toEqual(mapped);
    expect(mapForUpdate(anna, [manager], nobody, {})).toEqual(mapped);
  });

  it('to nobody is cleared or kept like any value, and waits for nobody', () => {
    const boss = person('boss', { manager: null });
    expect(mapForCreate(boss, [manager], nobody)).toEqual({ attributes: {}, unresolved: [] });
    expect(mapForUpdate(boss, [manager], nobody, {})).toEqual({ attributes: { manager: null }, unresolved: [] });
    expect(mapForUpdate(boss, [{ ...manager, whenNull: 'keep' }], nobody, {}).attributes).toEqual({});
  });

  it('is told apart from rules that stand for themselves', () => {
    expect(references([direct('a', 'b'), manager, constant('x', 'y')])).toEqual([manager]);
  });
});

describe('what differs from what the target was last told', () => {
  it('is only what is wanted and is not so, with what was there', () => {
    const wanted = { title: 'Doctor', city: null, phones: ['2', '1'], active: true };
    const told = { title: 'Nurse', city: 'Lyon', phones: ['1', '2'], active: true, locale: 'fr' };
    expect(difference(wanted, { pushed: told })).toEqual({
      attributes: { title: 'Doctor', city: null },
      before: { title: 'Nurse', city: 'Lyon' },
    });
  });

  it('counts what was never told as unassigned', () => {
    expect(difference({ title: 'Nurse', city: null, toString: null }, { pushed: {} })).toEqual({
      attributes: { title: 'Nurse' },
      before: { title: null },
    });
  });

  it('is also what is as wanted on record, where the target may hold something else by now', () => {
    const link = { pushed: { title: 'Nurse' }, mayHold: { title: 'Doctor', manager: 'r-boss' } };
    expect(difference({ title: 'Nurse', manager: null, city: null }, link)).toEqual({
      attributes: { title: 'Nurse', manager: null },
      before: { title: 'Doctor', manager: 'r-boss' },
    });
    expect(difference({ title: 'Doctor' }, link)).toEqual({
      attributes: { title: 'Doctor' },
      before: { title: 'Nurse' },
    });
  });

  it('is also what was never looked at of an account that was there before', () => {
    const link = { pushed: { title: null, city: 'Lyon' }, looked: true as const };
    expect(difference({ title: null, city: 'Lyon', fax: null }, link)).toEqual({
      attributes: { fax: null },
      before: { fax: null },
    });
  });

  it('knows paths by exactly their name', () => {
    const { attributes } = difference(JSON.parse('{"__proto__":"x"}'), { pushed: {} });
    expect(JSON.stringify(attributes)).toBe('{"__proto__":"x"}');
  });
});
