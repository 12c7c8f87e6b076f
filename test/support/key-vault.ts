/**
 * An Azure Key Vault that speaks what a client needs of its REST API: Get Key, Wrap Key and Unwrap Key, behind a challenge (Key Vault, "Authentication,
 * requests and responses"). RSA keys, which never leave it.
 */

import { constants, generateKeyPairSync, type KeyObject, privateDecrypt, publicEncrypt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { z } from 'zod';
import { localAuthority } from '../../simulator/tls.ts';
import { trustCa } from '../../src/source/graph/clouds.ts';

const token = 'a-token-for-the-vault';
/** Who is given a token for it. */
export const credential = {
  getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }),
};

type Version = { readonly id: string; readonly publicKey: KeyObject; readonly privateKey: KeyObject; enabled: boolean };

export const openKeyVault = async () => {
  const authority = await localAuthority();
  trustCa(authority.caPem);
  const keys = new Map<string, Version[]>();
  const asked: string[] = [];
  const state = { answers: 'all' as 'all' | 'nothing' | 'forbidden' };
  const addVersion = (name: string): void => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const version = { id: randomUUID().replaceAll('-', ''), ...pair, enabled: true };
    keys.set(name, [...(keys.get(name) ?? []), version]);
  };

  const server = createServer({ key: authority.keyPem, cert: authority.certPem }, (request, response) => {
    if (state.answers === 'nothing') return void request.socket.destroy();
    void answer(request).then(({ status, body, headers = {} }) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const origin = `https://127.0.0.1:${port}`;

  type Answer = { readonly status: number; readonly body: unknown; readonly headers?: Record<string, string> };
  const error = (status: number, code: string): Answer => ({
    status,
    body: { error: { code, message: `It is ${code}.` } },
  });
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const text = await textOf(request);
    if (request.headers.authorization !== `Bearer ${token}`) {
      const challenge = 'Bearer authorization="https://login.example/tenant", resource="https://vault.example"';
      return { ...error(401, 'Unauthorized'), headers: { 'www-authenticate': challenge } };
    }
    if (state.answers === 'forbidden') return error(403, 'Forbidden');
    const [, , name = '', version = '', verb = ''] = new URL(request.url ?? '', origin).pathname.split('/');
    asked.push(`${request.method} ${name}${verb === '' ? '' : ` ${verb}`}`);
    const versions = keys.get(name) ?? [];
    const found = version === '' ? versions.at(-1) : versions.find(({ id }) => id === version);
    if (found === undefined) return error(404, 'KeyNotFound');
    const kid = `${origin}/keys/${name}/${found.id}`;
    if (verb === '') return { status: 200, body: bundleOf(found, kid) };
    if (!found.enabled) return error(403, 'Forbidden');
    const { value } = z.object({ alg: z.literal('RSA-OAEP-256'), value: z.string() }).parse(JSON.parse(text));
    const bytes = Buffer.from(value, 'base64url');
    try {
      const result =
        verb === 'wrapkey'
          ? publicEncrypt({ key: found.publicKey, ...oaep }, bytes)
          : privateDecrypt({ key: found.privateKey, ...oaep }, bytes);
      return { status: 200, body: { kid, value: result.toString('base64url') } };
    } catch {
      return error(400, 'BadParameter');
    }
  };

  return {
    origin,
    /** `GET name`, `POST name wrapkey`, in order. */
    asked,
    state,
    addKey: (name: string): string => {
      addVersion(name);
      return `${origin}/keys/${name}`;
    },
    /** A new version, as a rotation policy makes one. */
    rotate: addVersion,
    disableOldest: (name: string): void => {
      const [oldest] = keys.get(name) ?? [];
      if (oldest !== undefined) oldest.enabled = false;
    },
    close: async (): Promise<void> => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};

const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const;

const bundleOf = ({ publicKey, enabled }: Version, kid: string) => ({
  key: {
    ...publicKey.export({ format: 'jwk' }),
    kid,
    kty: 'RSA',
    key_ops: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
  },
  attributes: { enabled, created: 1_700_000_000, updated: 1_700_000_000 },
});

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
};
