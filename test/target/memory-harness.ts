/** The target in memory, for the contract. */

import { memoryTarget, memoryTargetState } from '../../src/target/memory.ts';
import type { Harness } from '../contract/target-contract.ts';

export const memoryHarness = async (): Promise<Harness> => {
  const state = memoryTargetState();
  return {
    target: memoryTarget(state),
    attributes: async (_type, id) => state.objects.get(id)?.attributes ?? null,
    members: async (id) => [...(state.members.get(id) ?? [])].toSorted(),
    count: async (type) => [...state.objects.values()].filter((object) => object.type === type).length,
    trouble: null,
    close: async () => {},
  };
};
