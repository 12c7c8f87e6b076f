/** People who left, or seem to, and what becomes of their accounts. */

import { describe, expect, it } from 'vitest';
import { syncTurn } from '../../src/engine/sync-run.ts';
import { connection } from '../support/story.ts';
import { type Incident, incident, ways } from './incident.ts';

const staff = (one: Incident): readonly string[] =>
  one.tenant.users().filter((id) => one.tenant.user(id)['accountEnabled'] === true);
const accountOf = (one: Incident, id: string) =>
  one.target.accounts().users.find(({ externalId }) => externalId === id);

// Objects in the recycle bin were deleted at the target, though the option to delete was off.
// https://github.com/bitwarden/directory-connector/pull/548
describe('soft-delete-mapping', () => {
  it('who is in the recycle bin is switched off, not deleted, and comes back as who they were', async () => {
    const one = await incident();
    const [gone = ''] = staff(one);
    const before = accountOf(one, gone);
    one.tenant.softDelete(gone);
    await one.inStep('delta');
    expect(one.taken().filter((each) => each.includes('deleted'))).toEqual([]);
    expect(accountOf(one, gone)).toMatchObject({ id: before?.['id'], active: false });
    one.tenant.restore(gone);
    await one.inStep('delta');
    expect(accountOf(one, gone)).toMatchObject({ id: before?.['id'], active: true });
    expect(one.made()).toEqual([]);
  });

  it('nothing happens to them where deprovisioning is off', async () => {
    const one = await incident({ record: { deprovision: { kind: 'none' } } });
    const [gone = ''] = staff(one);
    one.tenant.softDelete(gone);
    await one.inStep('delta');
    await one.inStep('full');
    expect(one.taken().filter((each) => each.startsWith('User'))).toEqual([]);
    expect(accountOf(one, gone)).toMatchObject({ active: true });
  });

  it('who was in it before the first sync is never known', async () => {
    const one = await incident();
    const [gone = ''] = staff(one);
    one.tenant.softDelete(gone);
    await one.inStep('delta');
    one.forget();
    one.graph.setKnobs({ removedInFirstRound: true });
    one.tenant.expireDeltaLinks();
    await one.inStep('delta');
    await one.inStep('full');
    expect([one.taken(), one.made()]).toEqual([[], []]);
  });
});

// Somebody was deleted while a full sync was under way. It had read them before, and made their account anew after it was gone.
// https://github.com/firezone/firezone/pull/15024
describe('tombstone-beats-stale-page', () => {
  it('who leaves in the middle of a full sync is off after the next delta sync, and stays off', async () => {
    const one = await incident();
    const [gone = ''] = staff(one);
    const { engine, requestSync, provisionAll } = one.story;
    await requestSync('full');
    let pages = 0;
    const failpoint = async (site: string): Promise<void> => {
      if (site !== 'sync.page') return;
      pages += 1;
      if (pages === 1) one.tenant.hardDelete(gone);
    };
    await syncTurn({ ...engine, failpoint }, connection, new AbortController().signal);
    expect(pages).toBeGreaterThan(1);
    await provisionAll();
    await one.inStep('delta');
    expect(accountOf(one, gone)).toMatchObject({ active: false });
    await one.inStep('full');
    await one.inStep('delta');
    expect(accountOf(one, gone)).toMatchObject({ active: false });
    expect(one.made()).toEqual([]);
  });

  it.each(ways)('who left stays off when %s from before shows them once more', async (_, path, options) => {
    const one = await incident(options);
    const [gone = ''] = staff(one);
    const { memberOf: __, manager: ___, ...seen } = one.tenant.user(gone);
    one.tenant.softDelete(gone);
    await one.inStep('delta');
    expect(accountOf(one, gone)).toMatchObject({ active: false });
    one.graph.fault({ path, times: null, fault: { answer: 'with', objects: [seen] } });
    await one.inStep('full');
    expect(accountOf(one, gone)).toMatchObject({ active: false });
  });
});
