import { describe, expect, it } from 'vitest';
import { attributeNamed, nearestAttributes, typesWith } from '../../src/core/source-attributes.ts';
import { defaultAttributes } from '../../src/model/connection.ts';

describe('the name of an attribute', () => {
  it('is what the source spells, in whatever case somebody wrote it', () => {
    expect(attributeNamed('Department', [])).toBe('department');
    expect(attributeNamed(' DEPARTMENT ', [])).toBe('department');
    expect(attributeNamed('onpremisesextensionattributes.EXTENSIONATTRIBUTE7', [])).toBe(
      'onPremisesExtensionAttributes.extensionAttribute7',
    );
  });

  it('is known where somebody reads it, whatever it is', () => {
    expect(attributeNamed('skillset', [])).toBeNull();
    expect(attributeNamed('skillset', ['skillSet'])).toBe('skillSet');
  });

  it('is that of a directory extension, whose application is written in lower case', () => {
    const app = '0123456789ABCDEF0123456789abcdef';
    expect(attributeNamed(`Extension_${app}_costCenter`, [])).toBe(`extension_${app.toLowerCase()}_costCenter`);
    expect(attributeNamed('extension_short_costCenter', [])).toBeNull();
  });

  it('is unknown where nobody knows it, or where no list gives it', () => {
    for (const name of ['departement', 'signInActivity', 'aboutMe', 'constructor', '__proto__', '', 'id'])
      expect(attributeNamed(name, [])).toBeNull();
  });

  it('that is not known is told with those it may have been meant to be', () => {
    expect(nearestAttributes('Departement')[0]).toBe('department');
    expect(nearestAttributes('employeType')).toContain('employeeType');
    expect(nearestAttributes('extensionAttribute7')).toContain('onPremisesExtensionAttributes.extensionAttribute7');
    expect(nearestAttributes('x'.repeat(10_000))).toHaveLength(3);
  });

  it('says which objects have it; what is not in any list is of users', () => {
    expect(typesWith('department')).toEqual(['user']);
    expect(typesWith('securityEnabled')).toEqual(['group']);
    expect(typesWith('displayName')).toEqual(['user', 'group']);
    expect(typesWith('skillSet')).toEqual(['user']);
  });

  it('is known of everything that is read unless a connection says otherwise', () => {
    for (const type of ['user', 'group'] as const)
      for (const name of defaultAttributes[type]) {
        expect(attributeNamed(name, [])).toBe(name);
        expect(typesWith(name)).toContain(type);
      }
  });
});
