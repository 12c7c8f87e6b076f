import { describe, expect, it } from 'vitest';
import { defaultMapping, defaultMatching } from '../../../src/core/default-mapping.ts';
import { rulesByPath } from '../../../src/core/target-paths.ts';
import type { TargetPath } from '../../../src/model/mapping.ts';
import { flatten } from '../../../src/target/scim/resource.ts';
import { scimPath } from '../../../src/target/scim/target-path.ts';

const core = 'urn:ietf:params:scim:schemas:core:2.0:User';
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const mapped = (text: string): TargetPath => scimPath('user', text, 'mapping');
const always = (path: string): TargetPath => ({ path, writable: 'always' });
const refused = { refused: expect.any(String) };

describe('a target path of SCIM has one spelling', () => {
  it.each([
    'active',
    'Active',
    'ACTIVE',
    `${core}:active`,
    `${core}:Active`,
    `${core.toLowerCase()}:aCtIvE`,
    `${core.toUpperCase()}:active`,
    'URN:ietf:params:scim:schemas:core:2.0:User:active',
    'urn:ietf:params:scim:schemas:core:2.0:Group:active',
  ])('for the switch of an account: %s', (text) => {
    expect(mapped(text)).toEqual(always('active'));
  });

  it.each([
    ['externalID', 'externalId'],
    [`${core}:EXTERNALID`, 'externalId'],
    ['username', 'userName'],
    ['NAME.FamilyName', 'name.familyName'],
    ['Emails[Type EQ "work"].Value', 'emails[type eq "work"].value'],
    ['emails[type eq "w\\u006frk"]', 'emails[type eq "work"].value'],
    ['x509certificates', 'x509Certificates'],
    [`${enterprise.toUpperCase()}:Department`, `${enterprise}:department`],
    [`${enterprise}:MANAGER`, `${enterprise}:manager`],
    ['urn:acme:2.0:User:costCentre', 'urn:acme:2.0:User:costCentre'],
    ['costCentre', 'costCentre'],
  ])('where the RFC names the attribute: %s', (text, path) => {
    expect(mapped(text)).toEqual(always(path));
    expect(mapped(path)).toEqual(always(path));
    expect(scimPath('user', text, 'matching')).toEqual(always(path));
  });

  it('by which an account is shown, whatever the case of the target', () => {
    const shown = {
      USERNAME: 'anna',
      Active: 'False',
      Emails: [{ Type: 'work', Value: 'anna@contoso.example' }],
      [enterprise.toLowerCase()]: { DEPARTMENT: 'Sales', Manager: { Value: '7' } },
    };
    expect(flatten(shown)).toMatchObject({
      userName: 'anna',
      active: false,
      'emails[type eq "work"].value': 'anna@contoso.example',
      [`${enterprise}:department`]: 'Sales',
      [`${enterprise}:manager`]: '7',
    });
  });

  it('which the default mapping has', () => {
    const given = { mapping: defaultMapping, matching: defaultMatching };
    expect(rulesByPath(given, scimPath)).toEqual({ rules: given, standing: given, refused: [] });
  });
});

describe('no rule of a mapping names', () => {
  it.each([
    'members',
    'Members',
    'members.value',
    'members[value eq "1"].value',
    `${core}:members`,
    'urn:ietf:params:scim:schemas:core:2.0:Group:MEMBERS',
    'id',
    'ID',
    `${core}:Id`,
    'groups',
    'Groups[value eq "1"].display',
    'schemas',
    'meta.resourceType',
    'META',
  ])('what belongs to Entrain or the target: %s', (text) => {
    expect(mapped(text)).toEqual(refused);
    expect(scimPath('group', text, 'mapping')).toEqual(refused);
  });

  it.each([
    'active.value',
    'Active[value eq true].value',
    'active[type eq "x"]',
    `${core}:active.value`,
    // Servers that know no schemas take the last part alone.
    `${enterprise}:active`,
    `${enterprise}:Active.value`,
    'urn:acme:2.0:User:active',
    'urn:acme:ACTIVE',
    // Older and made-up names of the core schema.
    'urn:scim:schemas:core:1.0:active',
    'urn:ietf:params:scim:schemas:core:2.0:active',
    'urn:ietf:params:scim:schemas:core:2.0:User.active',
    'urn:ietf:params:scim:schemas:core:2.0:User::active',
    'urn:ietf:params:scim:schemas:core:2.0:Us%65r:active',
    `${core} :active`,
    ' active',
    'active ',
    'act\u0131ve.',
  ])('the switch in a way that a server may take for it: %s', (text) => {
    expect(mapped(text)).toEqual(refused);
  });

  it.each([
    core,
    enterprise,
    `${enterprise}.department`,
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:department',
    'urn:a b:c:title',
    'emails[type eq "\\x"].value',
    'userName.value',
    'title[type eq "a"]',
    `${enterprise}:department.value`,
    '',
  ])('what is no attribute: %s', (text) => {
    expect(mapped(text)).toEqual(refused);
  });

  it('a password but where an account is made', () => {
    expect(mapped('Password')).toEqual({ path: 'password', writable: 'only_on_create' });
  });
});

it('nobody is found by what tells nobody from others, and everybody by the id of the target', () => {
  for (const text of ['active', `${core}:Active`, 'password', 'members.value', 'Groups', 'meta.version', 'schemas'])
    expect(scimPath('user', text, 'matching')).toEqual(refused);
  expect(scimPath('user', 'Id', 'matching')).toEqual(always('id'));
});
