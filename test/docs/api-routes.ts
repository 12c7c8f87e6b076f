/** The routes of the API, without a server behind them. */

import { allRoutes } from '../../src/admin/api/index.ts';
import type { Route } from '../../src/admin/api/route.ts';
import { commands } from '../../src/admin/commands.ts';
import { openEgress } from '../../src/egress/index.ts';
import { unobserved } from '../../src/engine/engine.ts';
import { memorySource } from '../../src/source/memory.ts';
import { memoryDirectory } from '../../src/source/memory-directory.ts';
import { createKeyProofs } from '../../src/store/key-proofs.ts';
import { memoryTarget, memoryTargetState } from '../../src/target/memory.ts';
import { targetKinds } from '../../src/target/registry.ts';
import { memoryStores } from '../admin/api/stores.ts';
import { testWorld } from '../target/world.ts';

export const apiRoutes = (): readonly Route[] => {
  const world = testWorld();
  const wakeups = {
    sync: async () => {},
    provision: async () => {},
    schedule: async () => {},
    unschedule: async () => {},
  };
  return allRoutes(
    commands({
      stores: memoryStores(world.now),
      keyProofs: createKeyProofs(new Uint8Array(32)),
      encryptionKeys: async () => ({ current: 'local:now', proves: 'local:now', configured: ['local:now'] }),
      wakeups,
      connectSource: () => memorySource(memoryDirectory()),
      connectSourceOnce: () => memorySource(memoryDirectory()),
      connectTarget: () => memoryTarget(memoryTargetState()),
      targetKinds,
      world,
      observe: unobserved,
      ourApp: null,
      egress: openEgress({ allow: [] }),
      sign: () => ({}),
      canBeNotified: false,
      identityProvider: null,
      permissionsNeeded: () => [],
      config: { customCloud: null, returnUrls: [], workload: null, publicUrl: null },
    }),
    null,
  );
};
