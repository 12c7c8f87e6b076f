import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { connectionId, eventId, organizationId, webhookId } from '../../../src/model/ids.ts';
import { startStranger } from '../../support/stranger.ts';
import { type Door, idOf, openDoor, pageOf, type Reply } from './door.ts';

type Heard = { readonly headers: Record<string, string>; readonly body: string };

let door: Door;
let heard: Heard[];
let status: number;
let url: string;
let closeReceiver: () => Promise<void>;

beforeEach(async () => {
  door = await openDoor({ egressAllow: ['http://127.0.0.1'] });
  // Receivers refuse what is signed with a time that is far off.
  door.clock.now = new Date();
  heard = [];
  status = 204;
  const receiver = createServer(async (request, response) => {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    heard.push({ headers, body: await text(request) });
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const address = receiver.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/hooks?of=acme`;
  closeReceiver = async () => {
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
  };
});
afterEach(async () => {
  await door.close();
  await closeReceiver();
});

const add = (fields: object = {}) =>
  door.call('POST', '/v1/webhooks', { body: { organization_id: 'acme', url, ...fields } });
const secretOf = ({ body }: Reply): string => z.looseObject({ secret: z.string() }).parse(body).secret;

describe('a webhook', () => {
  it('is added with a secret that is shown once, and never again', async () => {
    const added = await add({ events: ['run.blocked'], description: 'Desk' });
    expect(added.status).toBe(201);
    expect(secretOf(added)).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const shown = await door.call('GET', `/v1/webhooks/${idOf(added)}`);
    expect(shown.body).toMatchObject({ organization_id: 'acme', url, events: ['run.blocked'], state: 'active' });
    const listed = await door.call('GET', '/v1/webhooks?organization_id=acme');
    expect(pageOf(listed).data).toEqual([shown.body]);
    expect(JSON.stringify([shown.body, listed.body])).not.toContain('whsec_');
  });

  it('shows what its receiver knows it by to whoever may configure it, and to nobody else', async () => {
    const hidden = `${new URL(url).origin}/sha256:`;
    const id = idOf(await add());
    for (const [scopes, isShown] of [
      [['configure'], true],
      [['admin'], true],
      [['read'], false],
      [['sync', 'approve'], false],
    ] as const) {
      const body = { name: scopes.join(' '), scopes, ...(isShown ? {} : { organization_ids: ['acme'] }) };
      const made = await door.call('POST', '/v1/api-keys', { body });
      const { key } = z.looseObject({ key: z.string() }).parse(made.body);
      for (const path of [`/v1/webhooks/${id}`, '/v1/webhooks?organization_id=acme']) {
        const shown = JSON.stringify((await door.call('GET', path, { key })).body);
        expect(shown.includes(url), `${scopes.join(' ')} ${path}`).toBe(isShown);
        expect(shown.includes(hidden)).toBe(!isShown);
        expect(shown.includes('of=acme')).toBe(isShown);
      }
    }
  });

  it.each([
    ['http://93.184.216.34/', 'https://'],
    ['https://10.0.0.8/', 'private network'],
    ['https://169.254.169.254/', 'never called'],
    ['https://user:pass@hooks.example/', 'password'],
    ['ftp://hooks.example/', 'https://'],
  ])('at %s is refused', async (address, why) => {
    const refused = await add({ url: address });
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toContain(why);
    const id = idOf(await add());
    expect((await door.call('PATCH', `/v1/webhooks/${id}`, { body: { url: address } })).status).toBe(400);
  });

  it('is one of twenty at most', async () => {
    for (let nth = 0; nth < 20; nth += 1) await add();
    expect((await add()).body).toMatchObject({ status: 409, code: 'too_many_webhooks' });
    expect((await add({ organization_id: 'contoso' })).status).toBe(201);
  });

  it('is edited, paused and let go on by whoever saw how it is', async () => {
    const added = await add();
    const path = `/v1/webhooks/${idOf(added)}`;
    const paused = await door.call('PATCH', path, {
      body: { state: 'paused', events: ['person.removed'] },
      headers: { 'if-match': added.headers.get('etag') ?? '' },
    });
    expect(paused.body).toMatchObject({ state: 'paused', events: ['person.removed'], revision: 2 });
    const late = await door.call('PATCH', path, { body: { state: 'active' }, headers: { 'if-match': '"1"' } });
    expect(late.status).toBe(412);
    expect((await door.call('PATCH', path, { body: { state: 'active' } })).body).toMatchObject({ state: 'active' });
  });

  it('that is removed is no more', async () => {
    const id = idOf(await add());
    expect((await door.call('DELETE', `/v1/webhooks/${id}`)).status).toBe(200);
    expect((await door.call('GET', `/v1/webhooks/${id}`)).status).toBe(404);
    expect(await door.stores.webhooks.secrets(webhookId(id))).toEqual({});
  });
});

describe('a test message', () => {
  it('arrives signed, and says what came of it', async () => {
    const added = await add();
    const reply = await door.call('POST', `/v1/webhooks/${idOf(added)}/test`);
    expect(reply.body).toMatchObject({ status: 204, detail: null });
    const [message] = heard;
    if (message === undefined) throw new Error('Nothing arrived.');
    expect(new Webhook(secretOf(added)).verify(message.body, message.headers)).toMatchObject({
      type: 'webhook.test',
      data: { organization_id: 'acme' },
    });
  });

  it('is not sent to a receiver whose certificate is not to be trusted', async () => {
    const trusting = await openDoor({ egressAllow: ['127.0.0.1'] });
    const stranger = await startStranger();
    try {
      const body = { organization_id: 'acme', url: `${stranger.origin}/hooks` };
      const id = idOf(await trusting.call('POST', '/v1/webhooks', { body }));
      const reply = await trusting.call('POST', `/v1/webhooks/${id}/test`);
      expect(reply.body).toMatchObject({ status: null, detail: expect.any(String) });
      expect([stranger.handshakes(), stranger.requests()]).toEqual([1, 0]);
    } finally {
      await stranger.close();
      await trusting.close();
    }
  });

  it('that is refused is no error of ours', async () => {
    const id = idOf(await add());
    status = 500;
    expect((await door.call('POST', `/v1/webhooks/${id}/test`)).body).toMatchObject({
      status: 500,
      detail: 'It answered 500.',
    });
    await closeReceiver();
    expect((await door.call('POST', `/v1/webhooks/${id}/test`)).body).toMatchObject({
      status: null,
      detail: 'It cannot be reached: the connection was refused (ECONNREFUSED).',
    });
  });

  it('says of a host that there is not that there is none, and not by a code alone', async () => {
    const body = { organization_id: 'acme', url: 'https://no-such-host.invalid/hooks' };
    const id = idOf(await door.call('POST', '/v1/webhooks', { body }));
    expect((await door.call('POST', `/v1/webhooks/${id}/test`)).body).toMatchObject({
      status: null,
      detail: expect.stringMatching(
        /^It cannot be reached: (there is no host of this name|the name server gave no answer) \(E/,
      ),
    });
  });

  it('is signed by the new secret and the one before for a day', async () => {
    const added = await add();
    const path = `/v1/webhooks/${idOf(added)}`;
    const rotated = await door.call('POST', `${path}/secret`);
    await door.call('POST', `${path}/test`);
    const [message] = heard;
    if (message === undefined) throw new Error('Nothing arrived.');
    for (const secret of [secretOf(added), secretOf(rotated)])
      expect(() => new Webhook(secret).verify(message.body, message.headers)).not.toThrow();
    door.clock.now = new Date(door.clock.now.getTime() + 86_400_000);
    await door.call('POST', `${path}/test`);
    expect(heard[1]?.headers['webhook-signature']?.split(' ')).toHaveLength(1);
  });
});

describe('a delivery', () => {
  const delivered = async (webhook: string): Promise<string> => {
    const organization = organizationId('acme');
    await door.stores.events.record([
      {
        key: 'a',
        organization,
        connection: connectionId('con_1'),
        at: door.clock.now,
        about: { type: 'connection.degraded', status: 'blocked', code: 'AADSTS7000222', owner: 'customer_it' },
      },
    ]);
    const [event] = await door.stores.events.after(organization, 0, 1);
    await door.stores.deliveries.wake([organization]);
    const turn = await door.stores.deliveries.take('worker', 1_000);
    if (event === undefined || turn === null) throw new Error(`Nothing is due at ${webhook}.`);
    const attempt = { at: door.clock.now, ms: 3, status: 400, detail: 'It answered 400.' };
    const told = { event: event.id, sequence: 1, type: event.about.type, state: 'failed', attempt } as const;
    await door.stores.deliveries.settle(turn, told, { kind: 'past' }, 1_000);
    return event.id;
  };

  it('is listed with its attempts, and sent again under the id it had', async () => {
    const id = idOf(await add());
    const event = await delivered(id);
    const log = await door.call('GET', `/v1/webhooks/${id}/deliveries`);
    expect(pageOf(log).data).toMatchObject([{ event_id: event, state: 'failed', attempts: [{ status: 400 }] }]);
    const again = await door.call('POST', `/v1/webhooks/${id}/deliveries/${event}/resend`);
    expect(again.body).toMatchObject({ status: 204 });
    expect(heard[0]?.headers['webhook-id']).toBe(event);
    const after = await door.call('GET', `/v1/webhooks/${id}/deliveries`);
    expect(pageOf(after).data).toMatchObject([{ state: 'delivered', attempts: [{ status: 400 }, { status: 204 }] }]);
  });

  it('of another organization is none', async () => {
    const id = idOf(await add());
    const event = await delivered(id);
    const other = idOf(await add({ organization_id: 'contoso' }));
    expect((await door.call('POST', `/v1/webhooks/${other}/deliveries/${event}/resend`)).status).toBe(404);
    expect(
      (await door.call('POST', `/v1/webhooks/${id}/deliveries/${eventId(`evt_${'0'.repeat(32)}`)}/resend`)).status,
    ).toBe(404);
    expect(heard).toEqual([]);
  });
});
