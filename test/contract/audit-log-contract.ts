/** What every audit log promises. `open` opens the same empty log, as another process would. */

import { beforeEach, describe, expect, it } from 'vitest';
import { organizationId } from '../../src/model/ids.ts';
import { verifyChain } from '../../src/store/audit-chain.ts';
import type { AuditFilter, AuditLog, KeptEntry } from '../../src/store/audit-log.ts';
import { anEntry } from '../support/audit.ts';

const start = new Date('2026-03-01T08:00:00.000Z');

export const auditLogContract = (openEmpty: (now: () => Date) => Promise<() => AuditLog>): void => {
  let open: () => AuditLog;
  let log: AuditLog;
  let now: Date;
  beforeEach(async () => {
    now = start;
    open = await openEmpty(() => now);
    log = open();
  });

  const scanned = async (filter: AuditFilter = {}): Promise<readonly KeptEntry[]> => {
    const all: KeptEntry[] = [];
    for await (const batch of log.scan(filter)) all.push(...batch);
    return all;
  };

  describe('the audit log', () => {
    it('keeps entries as they were added, numbered from 1, each with the hash of the one before', async () => {
      const first = await log.append(anEntry());
      now = new Date(start.getTime() + 1_000);
      const second = await log.append(anEntry({ action: 'approvePlan', organization: null }));
      expect([first.seq, second.seq]).toEqual([1, 2]);
      expect(JSON.parse(second.text)).toMatchObject({ seq: 2, at: now.toISOString(), previous: first.hash });
      expect(await scanned()).toEqual([first, second]);
      expect(await log.noted()).toBe(2);
    });

    it('is one chain, however many processes add to it at once', async () => {
      const processes = [open(), open(), open()];
      await Promise.all(
        Array.from({ length: 24 }, (_, nth) => processes[nth % 3]?.append(anEntry({ action: `act ${nth}` }))),
      );
      const entries = await scanned();
      expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 24 }, (_, nth) => nth + 1));
      expect(new Set(entries.map(({ filed }) => filed.action)).size).toBe(24);
      expect(await verifyChain(log.scan({}), await log.noted())).toMatchObject({ whole: true, entries: 24 });
    });

    it('keeps whatever text it is given, half a surrogate pair and dotted names included', async () => {
      const differences = [{ pointer: '/name', before: { 'a.b': '\ud800', $c: 1e21 }, after: '\u0000"é' }];
      const kept = await log.append(anEntry({ step: { kind: 'done', of: 1, differences } }));
      expect(await scanned()).toEqual([kept]);
      expect(JSON.parse(kept.text)).toMatchObject({ differences });
      expect(await verifyChain(log.scan({}), 1)).toMatchObject({ whole: true });
    });

    it('is listed newest first, page by page', async () => {
      for (let nth = 1; nth <= 5; nth += 1) await log.append(anEntry());
      const first = await log.list({}, null, 2);
      const second = await log.list({}, first.next, 2);
      const third = await log.list({}, second.next, 2);
      expect([first, second, third].map(({ items }) => items.map(({ seq }) => seq))).toEqual([[5, 4], [3, 2], [1]]);
      expect(third.next).toBeNull();
    });

    it('is found by whose, who, what, about what, how far and when', async () => {
      await log.append(anEntry());
      now = new Date(start.getTime() + 1_000);
      await log.append(anEntry({ organization: organizationId('contoso') }));
      await log.append(anEntry({ actor: { kind: 'configured_key', id: 'ops', name: 'ops' } }));
      await log.append(anEntry({ action: 'approvePlan', subjects: { plan_id: 'pln_1', run_id: 'run_1' } }));
      now = new Date(start.getTime() + 2_000);
      await log.append(anEntry({ step: { kind: 'failed', of: 4 } }));
      const found = async (filter: AuditFilter) => {
        const listed = (await log.list(filter, null, 10)).items.map(({ seq }) => seq).toReversed();
        expect((await scanned(filter)).map(({ seq }) => seq)).toEqual(listed);
        return listed;
      };
      expect(await found({ organizations: [organizationId('contoso')] })).toEqual([2]);
      expect(await found({ actor: 'ops' })).toEqual([3]);
      expect(await found({ action: 'approvePlan' })).toEqual([4]);
      expect(await found({ subject: 'run_1' })).toEqual([4]);
      expect(await found({ step: 'failed' })).toEqual([5]);
      expect(await found({ from: new Date(start.getTime() + 1_000), until: now })).toEqual([2, 3, 4]);
      const [acme, contoso] = [organizationId('acme'), organizationId('contoso')];
      expect(await found({ organizations: [acme], action: 'editTarget' })).toEqual([1, 3, 5]);
      expect(await found({ organizations: [acme, contoso] })).toEqual([1, 2, 3, 4, 5]);
      expect(await found({ organizations: [] })).toEqual([]);
      expect(await found({ subject: 'nobody' })).toEqual([]);
    });

    it('has nothing to verify while it is empty', async () => {
      expect(await verifyChain(log.scan({}), await log.noted())).toEqual({ whole: true, entries: 0, last: null });
    });
  });
};
