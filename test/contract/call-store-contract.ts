/** What every store of calls with an Idempotency-Key promises. */

import { beforeAll, describe, expect, it } from 'vitest';
import type { CallStore, KeptCall } from '../../src/store/call-store.ts';
import { newId } from '../../src/store/ids.ts';
import { every } from '../support/every.ts';

const start = new Date('2026-03-01T08:00:00.000Z');
const later = (ms: number): Date => new Date(start.getTime() + ms);

export const callStoreContract = (open: () => Promise<CallStore>): void => {
  let calls: CallStore;
  beforeAll(async () => {
    calls = await open();
  });

  const aCall = (other: Partial<KeptCall> = {}): KeptCall => ({
    digest: newId('digest'),
    attempt: newId('att'),
    proof: 'proof',
    begunAt: start,
    expiresAt: later(1_000),
    outcome: { kind: 'open' },
    ...other,
  });
  const again = (call: KeptCall, other: Partial<KeptCall> = {}): KeptCall => ({
    ...call,
    attempt: newId('att'),
    ...other,
  });

  describe('a call', () => {
    it('begins once, of many that come at once', async () => {
      const first = aCall();
      const all = Array.from({ length: 20 }, () => again(first));
      const known = await Promise.all(all.map((call) => calls.begin(call)));
      const begun = all.filter((_, nth) => known[nth] === null);
      expect(begun).toHaveLength(1);
      expect(known.filter((each) => each !== null)).toEqual(Array.from({ length: 19 }, () => begun[0]));
    });

    it('tells what proves it as long as it is known', async () => {
      await calls.begin(aCall({ proof: 'short' }));
      await calls.begin(aCall({ proof: 'long', expiresAt: later(5_000) }));
      const told = async (at: Date) =>
        (await every(calls.proofs(at))).filter((proof) => ['short', 'long'].includes(proof)).toSorted();
      expect(await told(start)).toEqual(['long', 'short']);
      expect(await told(later(1_000))).toEqual(['long']);
    });

    it('is known by what it was, with how it ended', async () => {
      const outcomes = [{ kind: 'answered', sealed: 'the answer' }, { kind: 'unkept' }, { kind: 'failed' }] as const;
      for (const outcome of outcomes) {
        const call = aCall();
        expect(await calls.begin(call)).toBeNull();
        await calls.end(call, outcome);
        expect(await calls.begin(again(call, { proof: 'another' }))).toEqual({ ...call, outcome });
      }
    });

    it('that did nothing may be made again', async () => {
      const call = aCall();
      await calls.begin(call);
      await calls.forget(call);
      expect(await calls.begin(again(call))).toBeNull();
    });

    it('that is over may be made again, and only the newest ends', async () => {
      const slow = aCall();
      await calls.begin(slow);
      expect(await calls.begin(again(slow, { begunAt: later(999) }))).toEqual(slow);
      const next = again(slow, { begunAt: later(1_000), expiresAt: later(2_000) });
      expect(await calls.begin(next)).toBeNull();
      await calls.end(slow, { kind: 'answered', sealed: 'too late' });
      await calls.forget(slow);
      expect(await calls.begin(again(slow, { begunAt: later(1_001) }))).toEqual(next);
    });
  });

  it('goes when it is over, and not before', async () => {
    const [old, fresh] = [aCall({ expiresAt: later(10) }), aCall({ expiresAt: later(11) })];
    await calls.begin(old);
    await calls.begin(fresh);
    await calls.prune(later(10));
    expect(await calls.begin(again(old))).toBeNull();
    expect(await calls.begin(again(fresh))).toEqual(fresh);
  });
};
