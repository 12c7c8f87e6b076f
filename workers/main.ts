/** The worker process: any mix of roles (ENTRAIN_WORKER_ROLES), as many processes side by side as wanted. */

import { createWorkerDoor } from '../src/admin/api/index.ts';
import { listen } from '../src/admin/api/listen.ts';
import { compose } from '../src/compose.ts';
import { untilStopped } from '../src/process.ts';
import { startProvisionWorker } from './provision.worker.ts';
import { startScheduler } from './scheduler.ts';
import type { Running } from './start-worker.ts';
import { startSyncWorker } from './sync.worker.ts';

const starters = { sync: startSyncWorker, provision: startProvisionWorker, scheduler: startScheduler } as const;

await untilStopped(async (config) => {
  const parts = await compose(config, 'worker');
  const { host, workerPort: port } = config;
  const closeDoor = port === null ? async () => {} : await listen(createWorkerDoor(parts), { host, port });
  const running: readonly Running[] = config.workerRoles.map((role) => starters[role](parts));
  parts.log.info('worker.started', { roles: config.workerRoles.join(',') });
  return async () => {
    await Promise.all(running.map((worker) => worker.stop()));
    await closeDoor();
    await parts.close();
  };
});
