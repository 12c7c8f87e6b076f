import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { targetId } from '../../../src/model/ids.ts';
import type { EscrowReason } from '../../../src/model/operation.ts';
import { user } from '../../../src/model/source-object.ts';
import { type Door, openWithTarget, pageOf } from './door.ts';
import { lease, nth } from './stores.ts';

let door: Door;
let connection: string;
let target: string;
beforeEach(async () => {
  ({ door, connection, target } = await openWithTarget());
});
afterEach(() => door.close());

const fail = async (reason: EscrowReason, ...numbers: readonly number[]): Promise<void> => {
  const failures = numbers.map((n) => ({ ref: user(nth(n)), reason, detail: 'two accounts' }));
  await door.stores.ledger.escrow(await lease(door.stores, targetId(target)), failures);
};
const list = (query = '') => door.call('GET', `/v1/targets/${target}/escrows${query}`);
const pass = (hours: number): void => {
  door.clock.now = new Date(door.clock.now.getTime() + hours * 3_600_000);
};

describe('escrows', () => {
  it('are listed with what went wrong and when they are tried again', async () => {
    await fail('ambiguous_match', 1, 2, 3);
    const first = pageOf(await list('?limit=2'));
    const second = pageOf(await list(`?limit=2&cursor=${first.next_cursor}`));
    expect([...first.data, ...second.data].map(({ object }) => object)).toEqual([1, 2, 3].map((n) => user(nth(n))));
    expect(first.data[0]).toMatchObject({
      state: 'waiting',
      reason: 'ambiguous_match',
      detail: 'two accounts',
      attempts: 1,
      due_at: '2026-11-02T15:00:00.000Z',
    });
    expect(second.next_cursor).toBeNull();
  });

  it('that were given up are listed as such, and can be listed alone', async () => {
    await fail('ambiguous_match', 1);
    pass(27.9 * 24);
    await fail('ambiguous_match', 1, 2);
    expect(pageOf(await list('?state=given_up')).data).toMatchObject([
      { object: user(nth(1)), state: 'given_up', due_at: null, reason: 'ambiguous_match' },
    ]);
    expect(pageOf(await list('?state=waiting')).data).toMatchObject([{ object: user(nth(2)), state: 'waiting' }]);
    expect((await list('?state=lost')).status).toBe(400);
  });
});

describe('asking for another try', () => {
  const retry = (object: string) => door.call('POST', `/v1/targets/${target}/escrows/${object}/retry`);
  const retryAll = (body: object) => door.call('POST', `/v1/targets/${target}/escrows/retry`, { body });
  const due = async () => pageOf(await list()).data.filter(({ due_at }) => due_at === door.clock.now.toISOString());

  it('of one object makes it due, also when it was given up, and a run goes for it at once', async () => {
    await fail('ambiguous_match', 1);
    pass(27.9 * 24);
    await fail('ambiguous_match', 1, 2);
    const reply = await retry(nth(1));
    expect(reply).toMatchObject({ status: 202, body: { state: 'waiting', due_at: door.clock.now.toISOString() } });
    expect((await due()).map(({ object }) => object)).toEqual([user(nth(1))]);
    expect(door.woken.at(-1)).toBe(`provision ${target} person`);
    expect(await door.stores.runs.next({ target: targetId(target) }, door.clock.now)).toMatchObject({ mode: 'delta' });
  });

  it('of everybody, or of all with one reason, says how many there are', async () => {
    await fail('ambiguous_match', 1, 2);
    await fail('linked_elsewhere', 3);
    expect((await retryAll({ reason: 'ambiguous_match' })).body).toEqual({ retried: 2 });
    expect(await due()).toHaveLength(2);
    expect((await retryAll({})).body).toEqual({ retried: 3 });
    expect((await retryAll({ reason: 'bad_mood' })).status).toBe(400);
  });

  it('is no run when there is nobody to try', async () => {
    expect((await retryAll({})).body).toEqual({ retried: 0 });
    expect((await retry(nth(1))).body).toMatchObject({ code: 'not_found' });
    expect(door.woken).not.toContain(`provision ${target} person`);
  });

  it('is refused while the connection is paused', async () => {
    await fail('ambiguous_match', 1);
    await door.call('PATCH', `/v1/connections/${connection}`, { body: { state: 'paused' } });
    expect((await retry(nth(1))).body).toMatchObject({ status: 409, code: 'connection_not_active' });
    expect((await retryAll({})).body).toMatchObject({ status: 409, code: 'connection_not_active' });
    expect(await due()).toEqual([]);
  });

  it('is refused while the target takes no runs', async () => {
    await fail('ambiguous_match', 1);
    await door.call('PATCH', `/v1/targets/${target}`, { body: { state: 'paused' } });
    expect((await retry(nth(1))).body).toMatchObject({ code: 'target_not_active' });
    expect((await retryAll({})).body).toMatchObject({ code: 'target_not_active' });
    expect(await due()).toEqual([]);
  });
});
