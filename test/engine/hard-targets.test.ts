/** What targets with habits of their own come to, over the whole way. */

import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { incident } from '../incidents/incident.ts';
import { target } from '../support/story.ts';

/** It says of each new colleague what a gateway without its route says of everybody. */
describe('a target that shows nobody but whom it is asked for by id, or finds', () => {
  it('works on for a worker that knows nothing of it yet: who is linked shows that it is there', async () => {
    const one = await incident();
    one.target.setKnobs({ noMatch: 'not_found', unfiltered: 'not_found' });
    one.restart();
    const joiner = one.tenant.hire();
    const [leaver = ''] = one.tenant.users();
    one.tenant.softDelete(leaver);
    await one.inStep('delta');
    expect(one.made()).toEqual([`User ${joiner}`]);
    expect(one.taken()).toContain(`User ${leaver} switched_off`);
  });

  it('and says of nobody that they are gone while its gateway has lost the route', async () => {
    const one = await incident();
    one.target.setKnobs({ noMatch: 'not_found', unfiltered: 'not_found' });
    one.target.addFaults([{ times: 'always', answer: { kind: 'status', status: 404, body: 'gateway' } }]);
    one.restart();
    const before = await one.story.stores.ledger.countLinks(target);
    for (const id of one.tenant.users().slice(0, 5)) one.tenant.update(id, { jobTitle: 'Chief' });
    await one.story.requestSync('delta');
    await one.story.syncAll();
    await provisionTurn(one.story.engine, target, new AbortController().signal);
    expect(await one.story.stores.ledger.countLinks(target)).toEqual(before);
    expect(one.made()).toEqual([]);
  });
});
