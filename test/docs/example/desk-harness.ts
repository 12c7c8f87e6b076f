/** The example target before Desk, for the contract. */

import { remoteId } from '../../../src/model/ids.ts';
import type { Harness } from '../../contract/target-contract.ts';
import { testWorld } from '../../target/world.ts';
import { desk } from './desk.ts';
import { startDesk } from './desk-server.ts';

const token = 'the-token-of-the-example';

export const deskHarness = async (): Promise<Harness> => {
  const server = await startDesk(token);
  const target = desk.parse({ base_url: server.baseUrl, token }).connect(testWorld());
  return {
    target,
    attributes: async (type, id) => server.held[type].get(id)?.fields ?? null,
    members: async (id) => [...(server.held.group.get(id)?.members ?? [])].map(remoteId).toSorted(),
    count: async (type) => server.held[type].size,
    trouble: (what) => void server.trouble.add(what),
    async close() {
      await target.close();
      await server.close();
    },
  };
};
