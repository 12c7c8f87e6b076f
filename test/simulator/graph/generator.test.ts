import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guidOf, type Kind, kindOf, numberOf, numberOfGuid } from '../../../simulator/graph/object-ids.ts';
import { managerPlaceOf, personAt, placeOfPrincipalName, reportPlacesOf } from '../../../simulator/graph/people.ts';
import { readerOf } from '../../../simulator/graph/properties.ts';
import { shuffledOrder } from '../../../simulator/graph/random.ts';
import { groupAt, liveObjects, makeTenant } from '../../../simulator/graph/tenant.ts';

const tenant = makeTenant({ users: 5_000, domain: 'contoso.example' }, 7, Date.UTC(2026, 0, 1));
const { people } = tenant;
const everybody = Array.from({ length: people.count }, (_, place) => personAt(people, place));

describe('ids', () => {
  it('are different for different objects and lead back to them', () => {
    const kinds: Kind[] = ['user', 'group', 'device', 'servicePrincipal'];
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.nat(2 ** 30 - 1), fc.integer(), (kind, index, seed) => {
        const number = numberOf(kind, index);
        expect(kindOf(number)).toBe(kind);
        expect(numberOfGuid(guidOf(number, seed), seed)).toBe(number);
      }),
    );
    expect(new Set(everybody.map(({ id }) => id)).size).toBe(people.count);
  });

  it('of another tenant or of nobody lead nowhere', () => {
    expect(numberOfGuid(guidOf(3, 8), 7)).toBeNull();
    expect(numberOfGuid('not-a-guid', 7)).toBeNull();
  });
});

describe('people', () => {
  it('are the same for the same seed and others for another', () => {
    const names = (seed: number): string[] =>
      Array.from({ length: 20 }, (_, place) => personAt({ ...people, seed }, place).id);
    expect(names(7)).toEqual(names(7));
    expect(names(7)).not.toEqual(names(8));
  });

  it('have principal names of their own, in ASCII, that lead back to them', () => {
    expect(new Set(everybody.map(({ userPrincipalName }) => userPrincipalName)).size).toBe(people.count);
    for (const { place, userPrincipalName } of everybody.slice(0, 500)) {
      expect(userPrincipalName).toMatch(/^[a-z]+\.[a-z]+\d+(@|_)/);
      expect(placeOfPrincipalName(people, userPrincipalName.toUpperCase())).toBe(place);
    }
  });

  it('form one tree of managers without guests in between', () => {
    const [head, ...others] = everybody;
    expect(managerPlaceOf(people, head?.place ?? -1)).toBeNull();
    for (const { place, guest } of others) {
      const manager = managerPlaceOf(people, place);
      if (guest) expect(manager).toBeNull();
      else expect(manager !== null && manager < place && everybody[manager]?.guest === false).toBe(true);
    }
    for (const report of reportPlacesOf(people, 3)) expect(managerPlaceOf(people, report)).toBe(3);
  });

  it('are of many sorts: guests, disabled, without mail, with names in many scripts', () => {
    const share = (of: (person: (typeof everybody)[number]) => boolean): number =>
      everybody.filter(of).length / people.count;
    expect(share(({ guest }) => guest)).toBeCloseTo(0.06, 1);
    expect(share(({ enabled }) => !enabled)).toBeCloseTo(0.04, 1);
    expect(share(({ mail }) => mail === null)).toBeGreaterThan(0.01);
    expect(share(({ hasEmployeeId }) => !hasEmployeeId)).toBeGreaterThan(0.02);
    for (const script of ['Han', 'Arabic', 'Hebrew', 'Cyrillic', 'Greek', 'Hangul', 'Devanagari', 'Thai']) {
      expect(share(({ given }) => new RegExp(`\\p{Script=${script}}`, 'u').test(given.native))).toBeGreaterThan(0);
    }
  });
});

describe('groups', () => {
  it('of dynamic membership hold exactly who the rule says', () => {
    for (const group of liveObjects(tenant, 'group')) {
      const { rule, members } = groupAt(tenant, group);
      if (rule === null) continue;
      const wanted = [...liveObjects(tenant, 'user')].filter(
        (user) => readerOf(tenant, user)(rule.property) === rule.equals,
      );
      expect([...members]).toEqual(wanted);
    }
  });

  it('of Microsoft 365 hold no groups', () => {
    for (const group of liveObjects(tenant, 'group')) {
      const { sort, members } = groupAt(tenant, group);
      if (sort === 'unified') expect([...members].some((member) => kindOf(member) === 'group')).toBe(false);
    }
  });
});

it('shuffles every place to exactly one other', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer(), (size, seed) => {
      const order = shuffledOrder(size, seed);
      const places = Array.from({ length: size }, (_, place) => order(place));
      expect(new Set(places).size).toBe(size);
      expect(Math.max(...places)).toBe(size - 1);
    }),
  );
});
