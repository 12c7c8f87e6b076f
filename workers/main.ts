/** The worker process: any mix of roles (ENTRAIN_WORKER_ROLES), as many processes side by side as wanted. */

import { createWorkerDoor } from '../src/admin/api/door.ts';
import { listen } from '../src/admin/api/listen.ts';
import { askedBy, nothing } from '../src/command-line.ts';
import { compose } from '../src/compose.ts';
import { untilStopped } from '../src/process.ts';
import { processUsage } from '../src/process-usage.ts';
import { startProvisionWorker } from './provision.worker.ts';
import { startScheduler } from './scheduler.ts';
import type { Running } from './start-worker.ts';
import { startSyncWorker } from './sync.worker.ts';
import { startWatch } from './watch.ts';
import { startWebhookWorker } from './webhooks.worker.ts';

askedBy({
  name: 'worker',
  usage: processUsage({
    command: 'npm run worker',
    inImage: 'node workers/main.ts',
    what: `A worker of Entrain: it reads tenants, writes to targets, keeps schedules and tells webhooks, or some of that.
Start as many as wanted, beside the API (npm start).`,
    settings: [
      'ENTRAIN_WORKER_ROLES',
      'ENTRAIN_WORKER_PORT',
      'ENTRAIN_HOST',
      'ENTRAIN_SYNC_CONCURRENCY',
      'ENTRAIN_PROVISION_CONCURRENCY',
    ],
  }),
  read: nothing,
});

const starters = {
  sync: startSyncWorker,
  provision: startProvisionWorker,
  scheduler: startScheduler,
  webhooks: startWebhookWorker,
} as const;

await untilStopped(async (config, giveUp) => {
  const parts = await compose(config, 'worker');
  const { host, workerPort: port } = config;
  const door = { ...parts, commands: { callerWith: parts.commands.callerSeen } };
  const closeDoor = port === null ? async () => {} : await listen(createWorkerDoor(door), { host, port });
  const watch = await startWatch(parts, giveUp);
  const running: readonly Running[] = [watch, ...config.workerRoles.map((role) => starters[role](parts))];
  parts.log.info('worker.started', { roles: config.workerRoles.join(',') });
  return async () => {
    await Promise.all(running.map((worker) => worker.stop()));
    await closeDoor();
    await parts.close();
  };
});
