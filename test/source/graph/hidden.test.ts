import { describe, expect, it } from 'vitest';
import {
  isHidden,
  isHiddenChange,
  isHiddenGroup,
  refuseHidden,
  refuseHiddenChanges,
  refuseHiddenGroups,
} from '../../../src/source/graph/hidden.ts';

const id = '6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0';
const shown = { id, userPrincipalName: 'ada@contoso.example', displayName: null };
const nulls = { id, userPrincipalName: null, displayName: null, accountEnabled: null };

describe('null-attr-is-permission-loss', () => {
  it('a page of users without any name comes from a lost permission, one odd user does not', () => {
    for (const page of [[nulls, { id }], [nulls], [{ id }]])
      expect(() => refuseHidden(page)).toThrow(
        expect.objectContaining({ fault: 'forbidden', code: 'PropertiesHidden' }),
      );
    expect(() => refuseHidden([nulls, shown])).not.toThrow();
    expect(() => refuseHidden([])).not.toThrow();
  });

  it('among changes, a property that is not there has not changed, but somebody always changed something', () => {
    expect(() => refuseHiddenChanges([nulls, { id }])).toThrow(/User.Read.All/);
    expect(() => refuseHiddenChanges([{ id, '@odata.type': '#microsoft.graph.user' }])).toThrow(/User.Read.All/);
    expect(() => refuseHiddenChanges([{ id, jobTitle: null }])).not.toThrow();
    expect(() => refuseHiddenChanges([{ id, 'manager@delta': [] }])).not.toThrow();
    expect(() => refuseHiddenChanges([nulls, shown])).not.toThrow();
  });

  it('a page of users of whom nobody has a switch comes from a permission for names alone', () => {
    const basic = { ...shown, accountEnabled: null };
    for (const refuse of [refuseHidden, refuseHiddenChanges]) {
      expect(() => refuse([basic, basic])).toThrow(expect.objectContaining({ code: 'PropertiesHidden' }));
      expect(() => refuse([basic, { ...shown, accountEnabled: false }])).not.toThrow();
      // An answer without the property says nothing of it.
      expect(() => refuse([basic, shown])).not.toThrow();
    }
  });

  it('so does a page of groups without a name', () => {
    expect(() => refuseHiddenGroups([{ id, displayName: null, visibility: null }])).toThrow(/GroupMember.Read.All/);
    expect(() =>
      refuseHiddenGroups([
        { id, displayName: null },
        { id, displayName: 'Sales' },
      ]),
    ).not.toThrow();
    expect(() => refuseHiddenGroups([{ id, visibility: null }])).not.toThrow();
  });

  it('one group without a name among others is hidden; of a change, only where it says so', () => {
    for (const hidden of [isHiddenGroup, isHiddenChange]) {
      expect(hidden({ id, displayName: null, visibility: null })).toBe(true);
      expect(hidden({ id, displayName: 'Sales', visibility: null })).toBe(false);
    }
    expect(isHiddenGroup({ id })).toBe(true);
    expect(isHiddenChange({ id, 'members@delta': [] })).toBe(false);
  });

  it('somebody of whom nothing is shown that everybody has is hidden, not cleared', () => {
    expect(isHidden(nulls)).toBe(true);
    expect(isHidden({ id, jobTitle: 'Clerk' })).toBe(true);
    expect(isHidden(shown)).toBe(false);
    expect(isHidden({ id, userPrincipalName: null, accountEnabled: false })).toBe(false);
  });
});
