import { describe, expect, it } from 'vitest';
import { healthOf, problemIn, troubleAfterCheck, troubleAfterRun } from '../../src/core/health.ts';
import { type Connection, type Problem, type Trouble, unusedCredentials } from '../../src/model/connection.ts';

const now = new Date('2026-11-02T09:00:00.000Z');
const before = new Date('2026-11-02T07:30:00.000Z');
const away: Problem = {
  code: 'login_unreachable',
  message: 'The login service cannot be reached.',
  owner: 'your_team',
};
const expired: Problem = { code: 'AADSTS7000222', message: 'The client secret has expired.', owner: 'customer_it' };

type Looked = Parameters<typeof healthOf>[0];
const aConnection = (other: Partial<Looked> = {}): Looked => ({
  state: 'active',
  problem: null,
  trouble: null,
  firstReadAt: before,
  credentials: { kind: 'client_secret', clientId: 'app' },
  credentialUse: unusedCredentials,
  ...other,
});
const health = (other: Partial<Looked> = {}, recovering: Parameters<typeof healthOf>[1] = null) =>
  healthOf(aConnection(other), recovering, now);
const ending: Connection['credentials'] = {
  kind: 'client_secret',
  clientId: 'app',
  endsAt: new Date('2026-11-12T00:00:00.000Z'),
};

describe('the health of a connection', () => {
  it('is good once the tenant was read, and not before', () => {
    expect(health()).toEqual({ status: 'healthy', code: null, description: 'Nothing is wrong.', owner: null });
    expect(health({ firstReadAt: null })).toMatchObject({ status: 'waiting', code: 'not_read_yet', owner: null });
  });

  it('is not good while syncs come to no end, nor after a check that failed, whether or not it was read before', () => {
    const ofRun = { problem: away, found: 'run', since: before } as const;
    for (const firstReadAt of [before, null])
      expect(health({ firstReadAt, trouble: ofRun })).toEqual({
        status: 'degraded',
        code: 'login_unreachable',
        owner: 'your_team',
        description: 'Since 2026-11-02 07:30 UTC no sync was committed: The login service cannot be reached.',
      });
    const ofCheck = { problem: expired, found: 'check', since: now } as const;
    expect(health({ firstReadAt: null, trouble: ofCheck })).toEqual({
      status: 'degraded',
      code: 'AADSTS7000222',
      owner: 'customer_it',
      description: 'The check of 2026-11-02 09:00 UTC failed: The client secret has expired.',
    });
  });

  it('tells of what is to be done first: what stops reading, then a restore, then what will stop it', () => {
    const trouble: Trouble = { problem: away, found: 'run', since: before };
    const all = { credentials: ending, firstReadAt: null };
    expect(health({ ...all, trouble }, { waitsFor: 'plans' })).toMatchObject({ code: 'login_unreachable' });
    expect(health(all, { waitsFor: 'plans' })).toMatchObject({ code: 'database_restored' });
    expect(health(all)).toMatchObject({ status: 'degraded', code: 'credentials_end_soon', owner: 'customer_it' });
  });

  it('is that of the state where nothing is read, whatever happened before', () => {
    const trouble: Trouble = { problem: away, found: 'run', since: before };
    expect(health({ state: 'quarantined', problem: expired, trouble })).toMatchObject({
      status: 'blocked',
      code: 'AADSTS7000222',
    });
    expect(health({ state: 'pending', credentials: null })).toMatchObject({
      status: 'blocked',
      code: 'credentials_missing',
    });
    for (const state of ['paused', 'deleting'] as const)
      expect(health({ state, trouble })).toMatchObject({ status: 'paused', code: null });
  });
});

describe('what is on record of how reading goes', () => {
  const failed = { name: 'Credentials', ok: false, detail: 'It expired.' };
  const refused = {
    ok: false,
    checks: [
      { name: 'Clock', ok: true, detail: 'It agrees.' },
      { ...failed, remedy: { code: 'AADSTS7000222', owner: 'customer_it', todo: 'Make another.', link: null } },
    ],
  } as const;
  const passed = { ok: true, checks: [] };

  it('names the first line of a check that failed, with what is to be done', () => {
    expect(problemIn(refused)).toEqual({
      code: 'AADSTS7000222',
      message: 'It expired. Make another.',
      owner: 'customer_it',
    });
    expect(problemIn(passed)).toBeNull();
  });

  it('is taken back by a check that passes only where a check had found it', () => {
    const ofCheck = troubleAfterCheck(null, refused, before);
    expect(ofCheck).toMatchObject({ found: 'check', since: before, problem: { code: 'AADSTS7000222' } });
    expect(troubleAfterCheck(ofCheck, passed, now)).toBeNull();
    const ofRun = troubleAfterRun(null, away, before);
    expect(troubleAfterCheck(ofRun, passed, now)).toBe(ofRun);
    // Otherwise the check that passes after it would say that nothing is wrong while no sync is committed.
    expect(troubleAfterCheck(troubleAfterCheck(ofRun, refused, now), passed, now)).toBe(ofRun);
  });

  it('counts from the first run in a row, and is the same as long as the runs tell the same', () => {
    const first = troubleAfterRun(troubleAfterCheck(null, refused, before), away, before);
    expect(first).toEqual({ problem: away, found: 'run', since: before });
    expect(troubleAfterRun(first, { ...away, message: 'Still away.' }, now)).toBe(first);
    expect(troubleAfterRun(first, expired, now)).toEqual({ problem: expired, found: 'run', since: before });
  });
});
