/** A SCIM target before the SCIM simulator, for the contract. */

import { type ScimSimulator, startScim } from '../../../simulator/scim/index.ts';
import { remoteId } from '../../../src/model/ids.ts';
import type { JsonObject } from '../../../src/model/target-record.ts';
import { scim } from '../../../src/target/scim/index.ts';
import { flatten } from '../../../src/target/scim/resource.ts';
import type { Harness, Trouble } from '../../contract/target-contract.ts';
import { testWorld } from '../world.ts';

const token = 'the-bearer-token-of-the-contract';

export const scimHarness = async (): Promise<Harness> => {
  const world = testWorld();
  const simulator = await startScim({ token, now: world.now });
  const target = scim.parse({ base_url: simulator.baseUrl, token, verify: 'always' }).connect(world);
  const accounts = (type: 'user' | 'group') => simulator.control.accounts()[type === 'user' ? 'users' : 'groups'];
  const account = (type: 'user' | 'group', id: string): JsonObject | undefined =>
    accounts(type).find((one) => one['id'] === id);
  return {
    target,
    async attributes(type, id) {
      const one = account(type, id);
      return one === undefined ? null : flatten(one);
    },
    async members(id) {
      const list = account('group', id)?.['members'];
      const ids = Array.isArray(list) ? list.map((member: JsonObject) => remoteId(String(member['value']))) : [];
      return ids.toSorted();
    },
    count: async (type) => accounts(type).length,
    trouble: (what) => makeTrouble(simulator, what),
    async close() {
      await target.close();
      await simulator.close();
    },
  };
};

const makeTrouble = ({ control }: ScimSimulator, what: Trouble): void => {
  switch (what) {
    case 'throttled':
      control.addFaults([{ times: 'always', answer: { kind: 'status', status: 429, retryAfter: { seconds: 60 } } }]);
      break;
    case 'fails_after_commit':
      for (const method of writes)
        control.addFaults([{ method, answer: { kind: 'status', status: 500, when: 'after' } }]);
      break;
    case 'hangs_up_after_commit':
      for (const method of writes) control.addFaults([{ method, answer: { kind: 'reset', when: 'after' } }]);
      break;
    case 'unauthorized':
      control.addFaults([{ times: 'always', answer: { kind: 'status', status: 401 } }]);
      break;
    case 'web_page':
      control.addFaults([{ times: 'always', answer: { kind: 'html', when: 'before' } }]);
      break;
    case 'no_route':
      control.addFaults([{ times: 'always', answer: { kind: 'status', status: 404, body: 'gateway' } }]);
      break;
    case 'truncated':
      control.addFaults([{ times: 'always', answer: { kind: 'truncated' } }]);
      break;
    case 'ignores_filters':
      control.setKnobs({ filters: 'ignored', maxResults: 50 });
      break;
    case 'allows_duplicates':
      control.setKnobs({ userNameCollisions: 'accepted' });
      break;
    case 'sends_no_id':
      control.addFaults([{ method: 'POST', answer: { kind: 'no_id' } }]);
      break;
    case 'no_partial_updates':
      control.setKnobs({ patch: 'unsupported' });
      break;
    case 'small_batches':
      control.setKnobs({ membersPerPatch: 7 });
      break;
    case 'loses_writes':
      for (const method of ['PATCH', 'PUT']) control.addFaults([{ method, times: 'always', answer: { kind: 'lost' } }]);
      break;
  }
};

const writes = ['POST', 'PATCH', 'PUT', 'DELETE'];
