import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ScimSimulator, startScim } from '../../../simulator/scim/index.ts';
import { operationKey, sourceId } from '../../../src/model/ids.ts';
import { type Attributes, user } from '../../../src/model/source-object.ts';
import { scim } from '../../../src/target/scim/index.ts';
import { flatten } from '../../../src/target/scim/resource.ts';
import { testWorld } from '../world.ts';

const signal = new AbortController().signal;
const ada = user(sourceId('00000000-0000-4000-8000-000000000001'));
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

const simulators: ScimSimulator[] = [];
beforeAll(async () => {
  simulators.push(await startScim(), await startScim());
});
afterAll(() => Promise.all(simulators.map((simulator) => simulator.close())));

const value = fc.option(fc.constantFrom('a', 'B', 'ü "x" \\', '1'), { nil: null });
const paths = [
  'displayName',
  'name.givenName',
  'name.familyName',
  'emails[type eq "work"].value',
  'emails[type eq "home"].value',
  'phoneNumbers[type eq "mobile"].value',
  'addresses[type eq "work"].locality',
  'addresses[type eq "work"].country',
  `${enterprise}:department`,
  `${enterprise}:division`,
];
const attributes: fc.Arbitrary<Attributes> = fc.dictionary(fc.constantFrom(...paths), value, { noNullPrototype: true });

it('leaves an account the same whether its updates went by PATCH or by replacing it', async () => {
  await fc.assert(
    fc.asyncProperty(attributes, fc.array(attributes, { minLength: 1, maxLength: 4 }), async (first, updates) => {
      const [patched, replaced] = await Promise.all(
        (['patch', 'put'] as const).map((mode, n) => accountAfter(mode, simulators[n], first, updates)),
      );
      const wanted: Attributes = Object.assign({}, first, ...updates);
      expect(patched).toEqual(replaced);
      for (const path of paths) expect([path, patched?.[path] ?? null]).toEqual([path, wanted[path] ?? null]);
    }),
    { numRuns: 60 },
  );
});

const accountAfter = async (
  update_mode: 'patch' | 'put',
  simulator: ScimSimulator | undefined,
  first: Attributes,
  updates: readonly Attributes[],
): Promise<Attributes> => {
  if (simulator === undefined) throw new Error('The simulators are not started.');
  simulator.control.clearAccounts();
  const target = scim.parse({ base_url: simulator.baseUrl, token: simulator.token, update_mode }).connect(testWorld());
  const create = {
    key: operationKey('c'),
    ref: ada,
    action: 'create',
    attributes: { userName: 'ada', ...first },
  } as const;
  const { remoteId } = await target.apply(create, signal);
  let known = first;
  for (const attributes of updates) {
    const before = Object.fromEntries(Object.keys(attributes).map((path) => [path, known[path] ?? null]));
    await target.apply({ key: operationKey('u'), ref: ada, action: 'update', remoteId, attributes, before }, signal);
    known = { ...known, ...attributes };
  }
  await target.close();
  return flatten(simulator.control.accounts().users[0] ?? {});
};
