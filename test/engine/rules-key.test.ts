import { describe, expect, it } from 'vitest';
import { protectionKey, reachKey, rulesKey } from '../../src/engine/rules-key.ts';
import { defaultAttributes } from '../../src/model/connection.ts';
import { plainTarget } from '../support/story.ts';

const target = plainTarget(new Date('2026-03-02'));
const reads = { attributes: defaultAttributes };

describe('what decides what is written', () => {
  it('is the same whatever order it is kept in, and whoever else is protected or limited', () => {
    const turned = {
      ...target,
      deprovision: { kind: 'delete_after_days', days: 3 } as const,
      matching: { group: target.matching.group, user: target.matching.user },
    };
    const straight = { ...target, deprovision: { days: 3, kind: 'delete_after_days' } as const };
    expect(rulesKey(turned, reads)).toBe(rulesKey(straight, reads));
    expect(rulesKey({ ...target, deprovision: { kind: 'none' } }, reads)).not.toBe(rulesKey(target, reads));
  });

  it('is another when something that is mapped is not read, also by its place in a list', () => {
    const without = (attribute: string) => ({
      attributes: { ...defaultAttributes, user: defaultAttributes.user.filter((one) => one !== attribute) },
    });
    for (const attribute of ['jobTitle', 'businessPhones', 'manager'])
      expect([attribute, rulesKey(target, without(attribute))]).not.toEqual([attribute, rulesKey(target, reads)]);
    expect(rulesKey(target, without('usageLocation'))).toBe(rulesKey(target, reads));
    expect(rulesKey(target, without('jobTitle'))).not.toBe(rulesKey(target, without('manager')));
  });

  it('says nothing of what is mapped where everything is read', () => {
    expect(rulesKey(target, reads)).not.toContain('.');
  });
});

describe('which system is written to', () => {
  it('hangs on the kind, the settings and which credentials, and on nothing else', () => {
    const here = reachKey(target);
    expect(reachKey({ ...target, name: 'Other', revision: 9, updatedAt: new Date() } as typeof target)).toBe(here);
    const others = [{ kind: 'scim' }, { settings: { base_url: 'https://other.example' } }, { credentialVersion: 2 }];
    expect(new Set([here, ...others.map((other) => reachKey({ ...target, ...other }))]).size).toBe(4);
  });
});

it('who is protected is a text of its own', () => {
  expect(protectionKey({ protected: { ids: ['a'], attributes: [], groups: [] } })).not.toBe(protectionKey(target));
});
