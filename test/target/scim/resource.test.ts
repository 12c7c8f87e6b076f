import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePath } from '../../../src/target/scim/paths.ts';
import { assign, flatten, newResource, valueAt, withSchemas } from '../../../src/target/scim/resource.ts';

const core = 'urn:ietf:params:scim:schemas:core:2.0:User';
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

const ada = {
  schemas: [core, enterprise],
  id: '7',
  userName: 'ada@example.com',
  active: true,
  name: { givenName: 'Ada', familyName: 'Lovelace' },
  emails: [
    { type: 'work', value: 'ada@old.example.com' },
    { type: 'work', value: 'ada@example.com', primary: true },
    { type: 'home', value: 'ada@home.example.com' },
  ],
  roles: [{ value: 'b' }, { value: 'a' }],
  [enterprise]: { department: 'Engines', manager: { value: '9', displayName: 'Charles' } },
  meta: { resourceType: 'User' },
  groups: [{ value: 'g' }],
};

describe('a resource read by target paths', () => {
  it('holds every attribute by the path a mapping would name', () => {
    expect(flatten(ada)).toEqual({
      userName: 'ada@example.com',
      active: true,
      'name.givenName': 'Ada',
      'name.familyName': 'Lovelace',
      emails: ['ada@example.com', 'ada@home.example.com', 'ada@old.example.com'],
      'emails[type eq "work"].type': 'work',
      'emails[type eq "work"].value': 'ada@example.com',
      'emails[type eq "work"].primary': true,
      'emails[type eq "home"].type': 'home',
      'emails[type eq "home"].value': 'ada@home.example.com',
      roles: ['a', 'b'],
      [`${enterprise}:department`]: 'Engines',
      [`${enterprise}:manager`]: '9',
      [`${enterprise}:manager.value`]: '9',
      [`${enterprise}:manager.displayName`]: 'Charles',
    });
  });

  it('is read in whatever case a target writes names', () => {
    const shouting = { USERNAME: 'ada', [enterprise.toUpperCase()]: { Department: 'Engines' } };
    expect(valueAt(shouting, parsePath('userName'))).toBe('ada');
    expect(valueAt(shouting, parsePath(`${enterprise}:department`))).toBe('Engines');
  });

  it('takes "True" and "False" of older dialects for booleans, but only where a boolean belongs', () => {
    expect(flatten({ active: 'False', displayName: 'True' })).toEqual({ active: false, displayName: 'True' });
  });

  it('takes a manager that is a bare text', () => {
    expect(flatten({ [enterprise]: { manager: '9' } })).toEqual({ [`${enterprise}:manager`]: '9' });
  });

  it('never reads what every object inherits', () => {
    expect(valueAt({}, parsePath('constructor'))).toBeNull();
    expect(flatten(JSON.parse('{"__proto__": {"active": true}}'))).not.toHaveProperty('active');
  });
});

describe('a resource to create', () => {
  it('names exactly the schemas it uses, and holds nothing that is unassigned', () => {
    expect(
      newResource('user', { userName: 'ada', title: null, roles: [], [`${enterprise}:department`]: null }),
    ).toEqual({
      schemas: [core],
      userName: 'ada',
    });
    expect(newResource('user', { userName: 'ada', [`${enterprise}:manager`]: '9' })).toEqual({
      schemas: [core, enterprise],
      userName: 'ada',
      [enterprise]: { manager: { value: '9' } },
    });
  });

  it('gathers the parts of one element', () => {
    const address = { 'addresses[type eq "work"].locality': 'London', 'addresses[type eq "work"].country': 'GB' };
    expect(newResource('user', { ...address, 'addresses[type eq "other"].formatted': 'Room 1' })).toMatchObject({
      addresses: [
        { type: 'work', locality: 'London', country: 'GB' },
        { type: 'other', formatted: 'Room 1' },
      ],
    });
  });

  it('leaves out an element that has a label and no content', () => {
    expect(newResource('user', { 'emails[type eq "work"].primary': true })).toEqual({ schemas: [core] });
  });

  it('reads back as it was written, whatever the values', () => {
    const text = fc.string({ unit: 'binary', minLength: 1 });
    const attributes = fc.record(
      {
        userName: text,
        displayName: text,
        'name.givenName': text,
        'emails[type eq "work"].value': text,
        'phoneNumbers[type eq "mobile"].value': text,
        'addresses[type eq "work"].locality': text,
        [`${enterprise}:department`]: text,
        [`${enterprise}:manager`]: text,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(attributes, (given) => {
        expect(flatten(newResource('user', given))).toMatchObject(given);
      }),
    );
  });
});

describe('a resource that is changed and replaced', () => {
  it('keeps everything that was not asked for', () => {
    const changed = assign(ada, parsePath('emails[type eq "work"].value'), 'ada@new.example.com');
    expect(changed).toEqual({
      ...ada,
      emails: [ada.emails[0], { ...ada.emails[1], value: 'ada@new.example.com' }, ada.emails[2]],
    });
  });

  it('loses an element with its value, and an attribute with its last part', () => {
    const home = assign(ada, parsePath('emails[type eq "home"].value'), null);
    expect(home['emails']).toEqual(ada.emails.slice(0, 2));
    const nameless = assign(assign(ada, parsePath('name.givenName'), null), parsePath('name.familyName'), null);
    expect(nameless).not.toHaveProperty('name');
  });

  it('names a schema that it uses for the first time, and keeps those it had', () => {
    const acme = 'urn:acme:2.0:User';
    const with2 = withSchemas('user', { schemas: [core, acme], [enterprise]: { department: 'Engines' } });
    expect(with2['schemas']).toEqual([core, enterprise, acme]);
  });
});
