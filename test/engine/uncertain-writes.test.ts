/** What was sent, and of which nobody knows what became of it, and what was kept back: neither is taken for done, nor for never begun. */

import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { TargetError } from '../../src/model/errors.ts';
import { remoteId } from '../../src/model/ids.ts';
import type { Operation } from '../../src/model/operation.ts';
import { defaultLimits } from '../../src/model/target-record.ts';
import { anyNumber, id, type Story, story, target } from '../support/story.ts';

const manager = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager';
const taken = (s: Story) => s.stores.ledger.taken(target, new Date(0), new Set());

describe('a write that was not answered', () => {
  it('counts as an account taken over, though the account is gone by the time it is looked for', async () => {
    let told = 0;
    const s = await story({
      target: { limits: { ...defaultLimits, adoptions: anyNumber } },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation: Operation, signal) => {
          if (operation.action !== 'update') return await made.apply(operation, signal);
          told += 1;
          if (told > 1) throw new TargetError('gone', 'There is no such account.');
          await made.apply(operation, signal);
          s.remote.objects.delete(operation.remoteId);
          throw new TargetError('unknown', 'The connection was reset.');
        },
      }),
    });
    const account = { userName: 'anna@contoso.example', active: true, title: 'From before' };
    s.remote.objects.set(remoteId('r-anna'), { type: 'user', remoteId: remoteId('r-anna'), attributes: account });
    s.hire('anna');
    await s.full();
    expect(await taken(s)).toMatchObject({ adoptions: 1 });
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
    expect(s.account('anna')?.attributes['externalId']).toBe(id('anna'));
  });

  it("makes an account theirs whom it carries, though the target's people changed it before it was looked for, and they left", async () => {
    let isSent = false;
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation: Operation, ...rest) => {
          await made.apply(operation, ...rest);
          if (isSent || operation.action !== 'update') return { remoteId: anna };
          isSent = true;
          throw new TargetError('unknown', 'The connection was reset.');
        },
        get: async (...asked) => {
          if (isSent && s.remote.objects.get(anna)?.attributes['title'] !== 'Local')
            throw new TargetError('unavailable', 'The target is down.');
          return await made.get(...asked);
        },
      }),
    });
    const anna = remoteId('r-anna');
    const account = { userName: 'anna@contoso.example', active: true, title: 'From before' };
    s.remote.objects.set(anna, { type: 'user', remoteId: anna, attributes: account });
    s.hire('anna', { jobTitle: 'Engineer' });
    await s.requestSync('full');
    await s.syncAll();
    await provisionTurn(s.engine, target, new AbortController().signal);
    s.remote.objects.set(anna, {
      type: 'user',
      remoteId: anna,
      attributes: { ...s.remote.objects.get(anna)?.attributes, title: 'Local' },
    });
    s.directory.remove(id('anna'), 'soft_deleted');
    await s.delta();
    expect(s.remote.objects.get(anna)?.attributes['active']).toBe(false);
  });

  it('counts as an account made, where the target refuses to be asked what became of it', async () => {
    let isMade = false;
    const s = await story({
      target: { limits: { ...defaultLimits, creates: anyNumber } },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation: Operation, signal) => {
          await made.apply(operation, signal);
          isMade = true;
          throw new TargetError('unknown', 'The connection was reset.');
        },
        find: async (...asked) => {
          if (isMade) throw new TargetError('rejected', 'The target sends the same page again and again.');
          return await made.find(...asked);
        },
      }),
    });
    s.hire('anna');
    await s.full();
    expect(await s.provisioned()).toMatchObject({ counters: { failed: { target_rejected: 1 } } });
    expect(await taken(s)).toMatchObject({ creates: 1 });
  });

  it('counts as somebody switched off, though the target refuses the second try', async () => {
    let told = 0;
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation: Operation, signal) => {
          if (operation.action !== 'disable') return await made.apply(operation, signal);
          told += 1;
          if (told > 1) throw new TargetError('rejected', 'They are switched off already.');
          throw new TargetError('unknown', 'The connection was reset.');
        },
      }),
    });
    for (const name of ['anna', 'bert', 'cleo']) s.hire(name);
    await s.full();
    s.directory.remove(id('anna'), 'deleted');
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ counters: { disabled: 0, failed: { target_rejected: 1 } } });
    expect(await taken(s)).toMatchObject({ deprovisions: 1 });
  });

  it('stays open where it is not known whether the account is gone that the second try did not find', async () => {
    let told = 0;
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation: Operation, signal) => {
          if (operation.action !== 'update') return await made.apply(operation, signal);
          told += 1;
          if (told === 1) throw new TargetError('unknown', 'The connection was reset.');
          if (told === 2) throw new TargetError('gone', 'There is no such account.');
          if (told > 3) return await made.apply(operation, signal);
          // Only now the first of them arrives.
          await made.apply(operation, signal);
          throw new TargetError('unavailable', 'The target is being maintained.');
        },
      }),
    });
    s.hire('anna');
    await s.full();
    s.hire('anna', { jobTitle: 'Chief' });
    await s.delta();
    expect(s.account('anna')?.attributes).toMatchObject({ title: 'Chief' });
    // It was looked for, and not sent a fourth time.
    expect(told).toBe(3);
  });

  it('stays open where the target asks to wait when it is sent once more', async () => {
    let told = 0;
    const s = await story({
      target: { limits: { ...defaultLimits, creates: anyNumber } },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation: Operation, signal) => {
          told += 1;
          if (told === 1) throw new TargetError('unknown', 'The connection was reset.');
          if (told > 2) return await made.apply(operation, signal);
          // Only now the first of them arrives.
          await made.apply(operation, signal);
          throw new TargetError('throttled', 'Too many requests.', { retryAfterMs: 1_000 });
        },
      }),
    });
    s.hire('anna');
    await s.full();
    expect(s.accounts()).toEqual({ anna: 'on' });
    expect(await taken(s)).toMatchObject({ creates: 1 });
    expect(s.writes()).toBe(1);
  });
});

describe('a manager who is named over the limit on updates', () => {
  it('is named once the limit allows it, though they have their account by then', async () => {
    const none = { count: 0, percent: 0, floor: 0 };
    const s = await story({ target: { limits: { ...defaultLimits, updates: none } } });
    s.hire('boss', { accountEnabled: false });
    s.hire('bob', { manager: id('boss') });
    s.hire('carl');
    await s.full();
    s.hire('boss');
    s.hire('carl', { displayName: 'Carl the great' });
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'guard_hold' } });
    expect(s.account('bob')?.attributes[manager] ?? null).toBeNull();
    await s.editTarget({ limits: { ...defaultLimits, updates: null } });
    await s.provision();
    expect(s.account('bob')?.attributes[manager]).toBe(s.account('boss')?.remoteId);
  });
});
