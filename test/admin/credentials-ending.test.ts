import { expect, it } from 'vitest';
import { credentialsEndingOf } from '../../src/admin/credentials-ending.ts';
import type { Connection } from '../../src/model/connection.ts';
import { connectionId } from '../../src/model/ids.ts';
import { plainConnection } from '../support/story.ts';
import { memoryStores } from './api/stores.ts';

const dayMs = 86_400_000;

it('credentials are counted by how near their end is, each of two, and once a minute at most', async () => {
  let nowMs = Date.parse('2026-11-02T09:00:00Z');
  const now = (): Date => new Date(nowMs);
  const inDays = (days: number): Date => new Date(nowMs + days * dayMs);
  const { connections } = memoryStores(now);
  const add = (nth: number, change: Partial<Connection>) =>
    connections.add({ ...plainConnection(now()), id: connectionId(`con_${nth}`), ...change }, {});
  const secret = (days: number) => ({ kind: 'client_secret', clientId: 'app', endsAt: inDays(days) }) as const;
  await add(1, { credentials: { ...secret(6), second: { kind: 'client_secret', endsAt: inDays(20) } } });
  await add(2, { credentials: secret(5) });
  await add(3, { credentials: secret(300) });
  await add(4, { credentials: secret(-1), state: 'paused' });
  await add(5, { credentials: secret(-1), state: 'deleting' });
  const count = credentialsEndingOf({ connections }, now);
  const none = { '60_days': 0, '30_days': 0, '14_days': 0, '7_days': 0, '1_day': 0, ended: 0 };
  expect(await count()).toEqual({ ...none, '7_days': 2, '30_days': 1, ended: 1 });
  await add(6, { credentials: secret(0.5) });
  expect(await count()).toMatchObject({ '1_day': 0 });
  nowMs += 60_000;
  expect(await count()).toMatchObject({ '1_day': 1 });
});
