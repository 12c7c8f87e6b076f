import { describe, expect, it } from 'vitest';
import { areEndsDue, endAhead, endOf, isLast, stageOf, toBeTold } from '../../src/core/credential-life.ts';
import { type Connection, type Credential, type CredentialUse, unusedCredentials } from '../../src/model/connection.ts';

const now = new Date('2026-11-02T09:00:00.000Z');
const hourMs = 3_600_000;
const inDays = (days: number): Date => new Date(now.getTime() + days * 24 * hourMs);
const clientId = 'app';

const withSecret = (
  days: number | null,
  more: { readonly second?: Credential; readonly use?: Partial<CredentialUse> } = {},
): Pick<Connection, 'credentials' | 'credentialUse'> => ({
  credentials: {
    kind: 'client_secret',
    clientId,
    ...(days === null ? {} : { endsAt: inDays(days) }),
    ...(more.second === undefined ? {} : { second: more.second }),
  },
  credentialUse: { ...unusedCredentials, ...more.use },
});
const certificate = (days: number): Credential => ({ kind: 'certificate', thumbprint: 'A0', endsAt: inDays(days) });

describe('the countdown to the end of a credential', () => {
  it.each([
    [61, null],
    [60.01, null],
    [60, '60_days'],
    [30.01, '60_days'],
    [30, '30_days'],
    [14, '14_days'],
    [7.5, '14_days'],
    [7, '7_days'],
    [1.01, '7_days'],
    [1, '1_day'],
    [0.001, '1_day'],
    [0, 'ended'],
    [-400, 'ended'],
  ])('with %f days left is at %s', (days, stage) => {
    expect(stageOf(inDays(days), now)).toBe(stage);
  });

  it('counts whole days, and none below zero', () => {
    const left = [60, 7.9, 1, 0.5, -3].map((days) => endOf(withSecret(days), 'first', now)?.daysLeft);
    expect(left).toEqual([60, 7, 1, 0, 0]);
  });

  it('is not known of a secret of which nobody said, nor of what does not end', () => {
    expect(endOf(withSecret(null), 'first', now)).toBeNull();
    const workload = {
      credentials: { kind: 'workload_identity', clientId },
      credentialUse: unusedCredentials,
    } as const;
    expect(endOf(workload, 'first', now)).toBeNull();
    const consent = { credentials: { kind: 'admin_consent', clientId }, credentialUse: unusedCredentials } as const;
    expect(endOf(consent, 'first', now)).toBeNull();
    expect(endOf({ credentials: null, credentialUse: unusedCredentials }, 'first', now)).toBeNull();
  });

  it('goes by what the tenant says of a secret, and of a certificate by itself', () => {
    const use = { read: { at: now, ends: { first: inDays(10), second: inDays(10) } } };
    const both = withSecret(300, { second: certificate(20), use });
    expect(endOf(both, 'first', now)).toMatchObject({ daysLeft: 10, stage: '14_days' });
    expect(endOf(both, 'second', now)).toMatchObject({ daysLeft: 20, stage: '30_days' });
    expect(endOf(withSecret(null, { use }), 'first', now)?.endsAt).toEqual(inDays(10));
  });
});

describe('what is told of it', () => {
  it('is told at each stage once, and anew of another end', () => {
    const told = (days: number, stage: '60_days' | '30_days') => ({ first: { endsAt: inDays(days), stage } });
    expect(toBeTold(withSecret(70), 'first', now)).toBeNull();
    expect(toBeTold(withSecret(29), 'first', now)).toEqual({ endsAt: inDays(29), stage: '30_days' });
    expect(toBeTold(withSecret(29, { use: { told: told(29, '60_days') } }), 'first', now)).not.toBeNull();
    expect(toBeTold(withSecret(29, { use: { told: told(29, '30_days') } }), 'first', now)).toBeNull();
    expect(toBeTold(withSecret(29, { use: { told: told(28, '30_days') } }), 'first', now)).not.toBeNull();
  });

  it('is told of each of two, and which of them is the last', () => {
    const both = withSecret(5, { second: certificate(200) });
    expect(toBeTold(both, 'first', now)).toMatchObject({ stage: '7_days' });
    expect(toBeTold(both, 'second', now)).toBeNull();
    expect(isLast(both, 'first', { endsAt: inDays(5) })).toBe(false);
    expect(isLast(both, 'second', { endsAt: inDays(200) })).toBe(true);
    expect(isLast(withSecret(5), 'first', { endsAt: inDays(5) })).toBe(true);
    // One of which nobody knows when it ends may hold longer.
    expect(isLast(withSecret(5, { second: { kind: 'client_secret' } }), 'first', { endsAt: inDays(5) })).toBe(false);
  });
});

describe('the end of all of them', () => {
  it('is ahead from 30 days before, unless another one holds longer', () => {
    expect(endAhead(withSecret(31), now)).toBeNull();
    expect(endAhead(withSecret(30), now)).toMatchObject({ stage: '30_days' });
    expect(endAhead(withSecret(-1), now)).toMatchObject({ stage: 'ended' });
    expect(endAhead(withSecret(3, { second: certificate(90) }), now)).toBeNull();
    expect(endAhead(withSecret(3, { second: certificate(9) }), now)).toMatchObject({ endsAt: inDays(9) });
    expect(endAhead(withSecret(null), now)).toBeNull();
  });
});

it('that of our own application is what workers note of it, and they note it once a day', () => {
  const credentials = { kind: 'admin_consent', clientId } as const;
  const noted = { ...unusedCredentials, read: { at: now, ends: { first: inDays(13) } } };
  expect(areEndsDue({ credentials, credentialUse: unusedCredentials }, now)).toBe(true);
  expect(areEndsDue({ credentials, credentialUse: noted }, now)).toBe(false);
  expect(endOf({ credentials, credentialUse: noted }, 'first', now)).toMatchObject({ daysLeft: 13, stage: '14_days' });
  expect(endOf({ credentials, credentialUse: noted }, 'second', now)).toBeNull();
  expect(endAhead({ credentials, credentialUse: noted }, now)).toMatchObject({ stage: '14_days' });
});

it('the record of the application is looked at once a day, and only for secrets', () => {
  const readAt = (hours: number) => ({ use: { read: { at: new Date(now.getTime() - hours * hourMs), ends: {} } } });
  expect(areEndsDue(withSecret(null), now)).toBe(true);
  expect(areEndsDue(withSecret(null, readAt(23)), now)).toBe(false);
  expect(areEndsDue(withSecret(null, readAt(24)), now)).toBe(true);
  const credentials = { ...certificate(20), clientId };
  expect(areEndsDue({ credentials, credentialUse: unusedCredentials }, now)).toBe(false);
  const second: Credential = { kind: 'client_secret' };
  expect(areEndsDue({ credentials: { ...credentials, second }, credentialUse: unusedCredentials }, now)).toBe(true);
});
