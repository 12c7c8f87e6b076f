import { describe, expect, it } from 'vitest';
import { filterText, parsePath, pathText } from '../../../src/target/scim/paths.ts';

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

describe('a target path', () => {
  it('names an attribute, or a part of one', () => {
    expect(parsePath('userName')).toEqual({ schema: null, attribute: 'userName', filter: null, sub: null });
    expect(parsePath('name.familyName')).toMatchObject({ attribute: 'name', sub: 'familyName' });
  });

  it('names one element of many', () => {
    const filter = { attribute: 'type', value: 'work' };
    expect(parsePath('emails[type eq "work"].value')).toMatchObject({ attribute: 'emails', filter, sub: 'value' });
    expect(parsePath('emails[type EQ "work"]')).toMatchObject({ filter, sub: 'value' });
    expect(parsePath('emails[primary eq true].value')).toMatchObject({ filter: { attribute: 'primary', value: true } });
    expect(parsePath('roles[value eq "a:b]\\"c"].display')).toMatchObject({ filter: { value: 'a:b]"c' } });
  });

  it('names an attribute of an extension, whose URN has dots and colons of its own', () => {
    expect(parsePath(`${enterprise}:department`)).toMatchObject({
      schema: enterprise,
      attribute: 'department',
      sub: null,
    });
    expect(parsePath(`${enterprise}:manager.displayName`)).toMatchObject({ attribute: 'manager', sub: 'displayName' });
    expect(parsePath('urn:acme:2.0:User:tags[type eq "a:b"].value')).toMatchObject({
      schema: 'urn:acme:2.0:User',
      attribute: 'tags',
      filter: { attribute: 'type', value: 'a:b' },
    });
  });

  it('takes URNs in any case, and the core schema as no schema', () => {
    expect(parsePath(`${enterprise.toLowerCase()}:department`).schema).toBe(enterprise);
    expect(parsePath('urn:ietf:params:scim:schemas:core:2.0:User:userName').schema).toBeNull();
  });

  it.each([
    '',
    'a b',
    '__proto__',
    'a.b.c',
    'emails[type eq work].value',
    'emails[type co "work"].value',
    'emails[type eq "work" or type eq "home"].value',
    'urn:acme:2.0:User:',
  ])('is refused when it is %j', (text) => {
    expect(() => parsePath(text)).toThrow(expect.objectContaining({ fault: 'rejected', code: 'invalid_path' }));
  });

  it.each(['userName', 'name.familyName', 'emails[type eq "work"].value', `${enterprise}:department`, 'members.$ref'])(
    'reads in a PATCH as it was written: %s',
    (text) => {
      expect(pathText(parsePath(text))).toBe(text);
    },
  );

  it('is written in a filter as the grammar allows', () => {
    expect(filterText(parsePath('userName'))).toBe('userName');
    expect(filterText(parsePath('emails[type eq "work"].value'))).toBe('emails.value');
    expect(filterText(parsePath('emails'))).toBe('emails.value');
    expect(filterText(parsePath(`${enterprise}:manager`))).toBe(`${enterprise}:manager.value`);
  });
});
