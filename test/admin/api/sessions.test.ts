/** What a session that is kept opens, and how long; the way over a provider is not asked here. */

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ApiScope, apiScopes } from '../../../src/model/api-key.ts';
import type { Session } from '../../../src/model/session.ts';
import { proofsAsConfigured } from '../../support/key-proofs.ts';
import { type Door, openDoor } from './door.ts';
import { cookieName, peopleOf, personWith } from './people.ts';

let door: Door;
let encryptionKeys: readonly Uint8Array[];
const proofs = proofsAsConfigured(() => encryptionKeys);

const start = new Date('2026-11-02T09:00:00Z');
beforeAll(async () => {
  const config = { publicUrl: 'https://entrain.example' };
  door = await openDoor({ config, identityProvider: peopleOf(), room: () => ({ keyProofs: proofs }) });
});
beforeEach(() => {
  encryptionKeys = [new Uint8Array(32).fill(1)];
  door.clock.now = start;
});
afterAll(() => door.close());

/** The token in the browser of somebody with these scopes, and what the session is kept by. */
const signIn = async (scopes: readonly ApiScope[]) => {
  const asked = { person: personWith(scopes), authenticatedAt: door.clock.now };
  const { token } = await door.commands.signIn(asked, null, 'f'.repeat(32));
  return { token, digest: createHash('sha256').update(token).digest('hex') };
};
const callWith = async (token: string): Promise<number> =>
  (await door.call('GET', '/v1/session', { key: null, headers: { cookie: `${cookieName}=${token}` } })).status;

const kept = async (digest: string) => {
  const found = await door.stores.sessions.find(digest);
  if (found === null) throw new Error('There is no such session.');
  return found;
};

it('a person is the same by issuer and subject, whatever they are called, and by neither alone', async () => {
  const idOf = async (other: Partial<ReturnType<typeof personWith>>): Promise<string> => {
    const asked = { person: { ...personWith(['read']), ...other }, authenticatedAt: door.clock.now };
    const { token } = await door.commands.signIn(asked, null, 'f'.repeat(32));
    const headers = { cookie: `${cookieName}=${token}` };
    const { body } = await door.call('GET', '/v1/session', { key: null, headers });
    return z.looseObject({ id: z.string() }).parse(body).id;
  };
  const id = await idOf({});
  expect(await idOf({ name: 'ann.married@acme.example', roles: ['sync'] })).toBe(id);
  // Names and addresses are given anew to others.
  expect(await idOf({ subject: 'b2' })).not.toBe(id);
  expect(await idOf({ issuer: 'https://login.other' })).not.toBe(id);
});

describe('whoever writes to the database', () => {
  const { issuer, subject, name } = personWith([]);
  const madeUp: Session = {
    ...{ issuer, subject, name, roles: ['admin'] },
    id: `ses_${'0'.repeat(32)}`,
    ...{ authenticatedAt: start, createdAt: start, lastSeenAt: start },
  };
  const long = 'a'.repeat(43);
  const digestOfLong = createHash('sha256').update(long).digest('hex');
  const ever = new Date(0);

  it('opens nothing by a session that they made up', async () => {
    const { digest } = await signIn(['read']);
    const { proof } = await kept(digest);
    for (const theirs of [null, '', 'v2', proof]) {
      await door.stores.sessions.open({ session: madeUp, proof: theirs }, digestOfLong, ever);
      expect(await callWith(long), `${theirs}`).toBe(401);
    }
  });

  const edits: readonly (readonly [string, Partial<Session>])[] = [
    ['roles', { roles: ['admin'] }],
    ['subject', { subject: 'b2' }],
    ['issuer', { issuer: 'https://login.other' }],
    ['name', { name: 'somebody else' }],
    ['last sign-in', { authenticatedAt: new Date(start.getTime() + 60_000) }],
    ['beginning', { createdAt: new Date(start.getTime() + 60_000) }],
    ['id', { id: madeUp.id }],
  ];
  it.each(edits)('opens nothing by another %s in a session of theirs', async (_what, edit) => {
    const { token, digest } = await signIn(['read']);
    expect(await callWith(token)).toBe(200);
    const { session, proof } = await kept(digest);
    await door.stores.sessions.open({ session: { ...session, ...edit }, proof }, digest, ever);
    expect(await callWith(token)).toBe(401);
    await door.stores.sessions.open({ session, proof }, digest, ever);
    expect(await callWith(token)).toBe(200);
  });
});

it('a session goes on when the encryption key is changed, and needs the old one no more once it was used', async () => {
  const [before, after] = [encryptionKeys[0] ?? new Uint8Array(32), new Uint8Array(32).fill(2)];
  const [used, unused] = [await signIn([...apiScopes]), await signIn([...apiScopes])];
  encryptionKeys = [after, before];
  expect(await callWith(used.token)).toBe(200);
  encryptionKeys = [after];
  expect([await callWith(used.token), await callWith(unused.token)]).toEqual([200, 401]);
});
