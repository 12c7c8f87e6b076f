/** Two people for whom there can be one account only. */

import { describe, expect, it } from 'vitest';
import { remoteId, sourceId } from '../../src/model/ids.ts';
import { user } from '../../src/model/source-object.ts';
import { id, story, target } from '../support/story.ts';

describe('two people and one account', () => {
  it('that both match it: one gets it, the other one waits for somebody to decide', async () => {
    const s = await story();
    s.remote.objects.set(remoteId('r-1'), {
      type: 'user',
      remoteId: remoteId('r-1'),
      attributes: { userName: 'shared@contoso.example', active: true },
    });
    s.hire('anna', { userPrincipalName: 'shared@contoso.example' });
    s.hire('bert', { userPrincipalName: 'SHARED@contoso.example' });
    await s.full();
    expect(s.remote.objects.size).toBe(1);
    expect(await s.provisioned()).toMatchObject({
      state: 'partially_succeeded',
      counters: { failed: { linked_elsewhere: 1 } },
    });
    expect((await s.stores.ledger.countLinks(target)).user).toBe(1);
  });

  it('that both would be made: the second is refused, and does not take over the first', async () => {
    const s = await story();
    s.hire('anna', { userPrincipalName: 'shared@contoso.example' });
    s.hire('bert', { userPrincipalName: 'SHARED@contoso.example' });
    await s.full();
    expect(s.remote.objects.size).toBe(1);
    const [account] = [...s.remote.objects.values()];
    const links = await s.stores.ledger.links(
      target,
      [id('anna'), id('bert')].map((each) => user(sourceId(each))),
    );
    expect(links.size).toBe(1);
    expect([...links.keys()][0]).toBe(account?.attributes['externalId']);
  });
});
