import { describe, expect, it } from 'vitest';
import { defaultMapping, defaultMatching } from '../../src/core/default-mapping.ts';
import { mapForCreate } from '../../src/core/mapping.ts';
import { planLinked } from '../../src/core/plan.ts';
import { defaultAttributes } from '../../src/model/connection.ts';
import { remoteId } from '../../src/model/ids.ts';
import { parsePath } from '../../src/target/scim/paths.ts';
import { linkTo, now, person, team } from './builders.ts';

const types = ['user', 'group'] as const;
const context = { pass: 'p', required: ['userName'], resolve: () => undefined, why: 'updated', now } as const;

describe('the attribute mapping a target starts with', () => {
  it('names paths that a SCIM target understands, each once', () => {
    for (const type of types) {
      const paths = defaultMapping[type].map(({ to }) => to);
      expect(paths.map((path) => parsePath(path))).toHaveLength(paths.length);
      expect(new Set(paths).size).toBe(paths.length);
    }
    const path = (to: string) => parsePath(defaultMapping.user.find((rule) => rule.to === to)?.to ?? '');
    expect(path('emails[type eq "work"].value')).toMatchObject({
      attribute: 'emails',
      filter: { attribute: 'type', value: 'work' },
      sub: 'value',
    });
    expect(path('urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager')).toMatchObject({
      schema: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
      attribute: 'manager',
    });
  });

  it('needs nothing that is not read by default', () => {
    for (const type of types) {
      const needed = [...defaultMapping[type].flatMap((rule) => (rule.kind === 'constant' ? [] : [rule.from]))];
      needed.push(...defaultMatching[type].map(({ from }) => from));
      const read = new Set(['id', ...defaultAttributes[type]]);
      expect(needed.map((name) => name.replace(/\[\d+\]$/, '')).filter((name) => !read.has(name))).toEqual([]);
    }
  });

  it('finds people again by what it writes: every matching rule has a mapping rule of its own', () => {
    for (const type of types)
      for (const { from, to } of defaultMatching[type])
        expect(defaultMapping[type]).toContainEqual(expect.objectContaining({ kind: 'direct', from, to }));
    expect(types.map((type) => defaultMatching[type][0]?.to)).toEqual(['externalId', 'externalId']);
  });

  it('binds every account to the Entra object id', () => {
    const anna = person('anna', { userPrincipalName: 'anna@contoso.example', mailNickname: 'anna' });
    expect(mapForCreate(anna, defaultMapping.user, () => undefined).attributes).toEqual({
      externalId: 'anna',
      userName: 'anna@contoso.example',
      active: true,
    });
  });

  it('brings over the manager as a reference', () => {
    const anna = person('anna', { manager: 'bert' });
    const { attributes, unresolved } = mapForCreate(anna, defaultMapping.user, () => remoteId('r-bert'));
    expect(attributes['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager']).toBe('r-bert');
    expect(unresolved).toEqual([]);
  });

  it('never clears what an account or a group cannot be without', () => {
    const cleared = (object: Parameters<typeof planLinked>[0], pushed: Record<string, string | boolean>) => {
      const rules = defaultMapping[object.ref.type];
      const plan = planLinked(object, linkTo(object.ref, { pushed: { externalId: object.ref.id, ...pushed } }), {
        ...context,
        rules,
      });
      return plan.kind === 'do' ? plan.operations.map(({ operation }) => operation) : plan.kind;
    };
    expect(cleared(person('anna'), { userName: 'anna', active: true })).toBe('unchanged');
    expect(cleared(team('staff'), { displayName: 'Staff' })).toBe('unchanged');
    expect(cleared(person('anna'), { userName: 'anna', title: 'Nurse' })).toMatchObject([
      { action: 'update', attributes: { title: null } },
    ]);
  });
});
