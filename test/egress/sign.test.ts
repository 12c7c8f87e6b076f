import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { signMessage } from '../../src/egress/sign.ts';
import { secret } from '../../src/model/secret.ts';

const [ours, older] = ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'];
const body = '{"type":"run.completed"}';
const now = new Date();

describe('a signed message', () => {
  it('is known by whoever has the secret, and altered by nobody', () => {
    const headers = signMessage([secret(ours)], 'evt_1', now, body);
    expect(new Webhook(ours).verify(body, headers)).toEqual({ type: 'run.completed' });
    expect(() => new Webhook(older).verify(body, headers)).toThrow();
    expect(() => new Webhook(ours).verify(`${body} `, headers)).toThrow();
    expect(() => new Webhook(ours).verify(body, { ...headers, 'webhook-id': 'evt_2' })).toThrow();
  });

  it('is known by both secrets while one takes the place of the other', () => {
    const headers = signMessage([secret(ours), secret(older)], 'evt_1', now, body);
    for (const one of [ours, older]) expect(() => new Webhook(one).verify(body, headers)).not.toThrow();
    expect(headers['webhook-signature']).toMatch(/^v1,[\w+/=]+ v1,[\w+/=]+$/);
  });

  it('is too old after a while', () => {
    const headers = signMessage([secret(ours)], 'evt_1', new Date(now.getTime() - 600_000), body);
    expect(() => new Webhook(ours).verify(body, headers)).toThrow();
  });

  it('is signed as the specification says', () => {
    // The example of the reference implementations.
    const headers = signMessage(
      [secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')],
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      new Date(1_614_265_330_000),
      '{"test": 2432232314}',
    );
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });
});
