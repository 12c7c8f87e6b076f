import { describe, expect, it } from 'vitest';
import type { ApiClient } from '../../scripts/demo/client.ts';
import { harms, harmsAt } from './harm.ts';
import { isReadSinceLies } from './whole-reads.ts';

type Read = { readonly mode: 'full' | 'delta'; readonly scope: object | null; readonly started_at: string | null };
const at = (minute: number): string => `2026-03-02T08:${String(minute).padStart(2, '0')}:00.000Z`;
const whole = (minute: number): Read => ({ mode: 'full', scope: null, started_at: at(minute) });

/** With lists that last lied in that minute. */
const isRead = async (reads: readonly Read[], lied: number): Promise<boolean> => {
  const ask: ApiClient['ask'] = async (_method, _path, answer) => answer.parse({ data: reads, next_cursor: null });
  return await isReadSinceLies({ stack: { api: { ask } }, lies: { lastMs: Date.parse(at(lied)) } }, { connection: '' });
};

describe('what lists hid that lied', () => {
  it('is told by two whole reads that began after the last of them', async () => {
    expect(await isRead([whole(11), whole(12)], 10)).toBe(true);
    expect(await isRead([whole(9), whole(12)], 10)).toBe(false);
    expect(await isRead([whole(11), { ...whole(12), mode: 'delta' }], 10)).toBe(false);
    expect(await isRead([whole(11), { ...whole(12), scope: { group_id: 'sales' } }], 10)).toBe(false);
  });

  it('can be told before the storm is over: in its last third no list begins to lie, and all else goes on', () => {
    const names = (part: number) => harmsAt(part).map(({ name }) => name);
    expect(names(0.5)).toEqual(harms.map(({ name }) => name));
    expect(names(0.7)).toEqual(names(0.5).filter((name) => name !== 'lists that lie'));
    // The last harm is drawn when the storm is just over.
    expect(names(1.01)).toEqual(names(0.7));
  });
});
