import { expect, it } from 'vitest';
import { tenantOf } from '../../../src/source/graph/issued.ts';
import { never } from '../../support/reading.ts';

const tokenOf = (claims: object): string =>
  ['{}', JSON.stringify(claims), ''].map((part) => Buffer.from(part).toString('base64url')).join('.');
const tenantBy = (token: string, named = 'contoso.example'): Promise<string> =>
  tenantOf({ get: async () => token }, named, never);

it('a token names the tenant that it is of, by its id', async () => {
  expect(await tenantBy(tokenOf({ tid: 'F3A2C6DE-0000-4000-8000-00000000000A' }))).toBe(
    'f3a2c6de-0000-4000-8000-00000000000a',
  );
});

it.each([['nothing of the kind'], [tokenOf({ tid: 'contoso.example' })], [tokenOf({})]])(
  'where it does not, the connection has to name the tenant by its id: %s',
  async (token) => {
    await expect(tenantBy(token)).rejects.toMatchObject({
      fault: 'forbidden',
      code: 'tenant_unknown',
      mend: { owner: 'your_team', todo: expect.stringContaining('directory id') },
    });
  },
);

it('one that says nothing is of the tenant that it was asked for by an id', async () => {
  const id = 'F3A2C6DE-0000-4000-8000-00000000000A';
  expect(await tenantBy('nothing of the kind', id)).toBe(id.toLowerCase());
});
