import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { CommandsWithin } from '../../../src/admin/commands.ts';
import { addConnection, addTarget, type Door, newConnection, openDoor } from './door.ts';

let door: Door;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(() => door.close());

const unknown = {
  connection: `con_${'0'.repeat(32)}`,
  target: `tgt_${'0'.repeat(32)}`,
  run: `run_${'0'.repeat(32)}`,
};

describe('what goes wrong at the door', () => {
  it.each([
    ['an address that is not there', 'GET', '/v1/people', {}, 404, 'route_not_found'],
    ['an address outside /v1', 'GET', '/admin', {}, 404, 'route_not_found'],
    ['a method that is not taken', 'PUT', '/v1/connections', {}, 405, 'method_not_allowed'],
    ['malformed JSON', 'POST', '/v1/connections', { raw: '{"vendor": ' }, 400, 'malformed_request'],
    ['a body that is no object', 'POST', '/v1/connections', { raw: '"MS_ENTRA"' }, 400, 'malformed_request'],
    ['a list as body', 'POST', '/v1/connections', { raw: '[]' }, 400, 'invalid_request'],
    ['a malformed address', 'GET', '/v1/runs/%E0%A4%A', {}, 400, 'malformed_request'],
    [
      'a body of 1 MB',
      'POST',
      '/v1/connections',
      { raw: JSON.stringify({ name: 'x'.repeat(1_000_000) }) },
      413,
      'payload_too_large',
    ],
    [
      'a form',
      'POST',
      '/v1/connections',
      { raw: 'vendor=MS_ENTRA', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'unsupported_media_type',
    ],
    [
      'JSON that says it is text',
      'POST',
      '/v1/connections',
      { raw: JSON.stringify(newConnection), headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported_media_type',
    ],
    [
      'a compressed body',
      'POST',
      '/v1/connections',
      { raw: '{}', headers: { 'content-encoding': 'gzip' } },
      415,
      'unsupported_media_type',
    ],
    ['a connection nobody added', 'GET', `/v1/connections/${unknown.connection}`, {}, 404, 'not_found'],
    ['a target nobody added', 'GET', `/v1/targets/${unknown.target}`, {}, 404, 'not_found'],
    ['a run nobody asked for', 'POST', `/v1/runs/${unknown.run}/cancel`, {}, 404, 'not_found'],
    [
      'a target for no connection',
      'POST',
      `/v1/connections/${unknown.connection}/targets`,
      { body: { kind: 'note', settings: {} } },
      404,
      'not_found',
    ],
    ['people of no connection', 'GET', `/v1/connections/${unknown.connection}/users`, {}, 404, 'not_found'],
  ])('is a problem document: %s', async (_what, method, path, ask, status, code) => {
    const reply = await door.call(method, path, ask);
    expect(reply.status).toBe(status);
    expect(reply.body).toMatchObject({ status, code, type: 'about:blank' });
    if (status === 413) expect(reply.body).toMatchObject({ detail: expect.stringContaining('at most 100 kB') });
  });

  it('says what is wrong with JSON and where, and repeats nothing of it, for it may hold secrets', async () => {
    const detail = async (raw: string) => Object((await door.call('POST', '/v1/connections', { raw })).body).detail;
    expect(await detail('{"vendor": ')).toBe('The body is malformed JSON: it ends too early, or is no object.');
    const wrong = await detail('{"client_secret": "CANARY", vendor: 1}');
    expect(wrong).toBe('The body is malformed JSON, at its character 29.');
    const address = await door.call('GET', '/v1/runs/%E0%A4%A');
    expect(address.body).toMatchObject({ detail: expect.stringContaining('The address is malformed') });
  });

  it('says in detail what its title does not, in words that no library chose', async () => {
    const body = { vendor: 'MS_ENTRA', organization_id: 7, scope: { group_ids: [] }, refresh_interval_secs: 'x' };
    const reply = await door.call('POST', '/v1/connections', { body });
    expect(reply.body).toMatchObject({
      title: 'Some fields cannot be accepted',
      detail:
        'body /organization_id must be text; body /scope/group_ids must have at least 1 entry; body /refresh_interval_secs must be a number.',
    });
    const { body: missing } = await door.call('POST', '/v1/connections', { body: { vendor: 'MS_ENTRA' } });
    expect(missing).toMatchObject({ detail: 'body /organization_id is needed.' });
    const { body: times } = await door.call('GET', '/v1/audit?from=yesterday');
    expect(times).toMatchObject({ detail: expect.stringMatching(/^query \/from must be a time in UTC, such as /) });
    const connection = await addConnection(door, { organization_id: 'initech' });
    const target = { kind: 'scim', name: 'Desk', settings: {} };
    const { body: settings } = await door.call('POST', `/v1/connections/${connection}/targets`, { body: target });
    expect(JSON.stringify(settings)).not.toMatch(/Invalid input|expected|received/);
  });

  it('names the methods an address takes', async () => {
    const connection = await addConnection(door);
    const reply = await door.call('PUT', `/v1/connections/${connection}`);
    expect(reply.headers.get('allow')).toBe('GET, PATCH, DELETE');
  });

  it('keeps the trace id of the caller beside ours in the log, and gives nobody’s call the name of another', async () => {
    const theirs = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = { traceparent: `00-${theirs}-00f067aa0ba902b7-01` };
    const replies = [
      await door.call('GET', '/v1/people', { headers }),
      await door.call('GET', '/v1/people', { headers }),
    ];
    const [one, other] = replies.map((reply) => reply.headers.get('trace-id'));
    expect(new Set([one, other, theirs]).size).toBe(3);
    expect(replies[0]?.body).toMatchObject({ trace_id: one });
    const line = door.said.find((said) => said.includes('request.answered') && said.includes(String(one)));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ trace: one, caller_trace: theirs });
    expect(await door.call('DELETE', `/v1/connections/${await addConnection(door)}`, { headers })).toMatchObject({
      status: 202,
    });
    const { items } = await door.stores.audit.list({}, null, 10);
    expect(items.map(({ text }) => text).join()).not.toContain(theirs);
  });
});

describe('what goes wrong behind the door', () => {
  const broken = (commands: CommandsWithin): CommandsWithin => ({
    ...commands,
    getTarget: async () => {
      throw Object.assign(new Error('cannot reach mongodb://reader:CANARY@db.internal'), {
        config: { headers: { authorization: 'Bearer CANARY' } },
        document: { userPrincipalName: 'CANARY@contoso.example' },
      });
    },
  });

  it('is told to nobody but the log, and there without secrets', async () => {
    const behind = await openDoor({ break: broken });
    const target = await addTarget(behind, await addConnection(behind, { client_secret: 'fine' }), {
      settings: { url: 'https://notes.example', token: 'fine' },
    });
    const reply = await behind.call('GET', `/v1/targets/${target}`);
    await behind.close();
    expect(reply.status).toBe(500);
    expect(reply.body).toMatchObject({
      code: 'internal_error',
      detail: 'Try again. If it stays, tell us the trace_id.',
    });
    const said = behind.said.join('\n');
    expect(said).toContain('"event":"request.failed"');
    expect(said).not.toContain('CANARY');
    expect(said).not.toMatch(/at .*\.ts:\d+/);
  });
});

it('answers with the headers of an API that browsers may not run or keep', async () => {
  const { headers } = await door.call('GET', '/v1/connections');
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
  expect(headers.get('strict-transport-security')).toContain('max-age=31536000');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect(headers.get('cache-control')).toBe('no-store');
});

it('logs one line for each request: who, which route, how it ended; never the address itself', async () => {
  await door.call('GET', '/v1/connections?organization_id=CANARY-in-address');
  const lines = door.said.filter((line) => line.includes('request.answered'));
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
    level: 'info',
    method: 'GET',
    route: '/v1/connections',
    caller: 'product',
    status: 200,
  });
  expect(lines.join('')).not.toContain('CANARY');
});

it('logs whoever was refused, and for what: without a key, with a wrong one, or for want of a scope', async () => {
  const made = await door.call('POST', '/v1/api-keys', { body: { name: 'desk', scopes: ['read'] } });
  const { key } = z.looseObject({ key: z.string() }).parse(made.body);
  const wrong = `entrain_${'0'.repeat(32)}_${'CANARY'.padEnd(43, 'x')}`;
  for (const [ask, caller, status] of [
    [{ key: null }, undefined, 401],
    [{ key: wrong }, undefined, 401],
    [{ key }, 'desk', 403],
  ] as const) {
    await door.call('POST', '/v1/connections', { ...ask, body: newConnection });
    const line = JSON.parse(door.said.filter((text) => text.includes('request.answered')).at(-1) ?? '');
    expect(line).toMatchObject({ method: 'POST', status, trace: expect.any(String) });
    expect(line.caller).toBe(caller);
  }
  expect(door.said.filter((text) => text.includes('request.answered')).join('')).not.toContain('CANARY');
});
