/** A database that was put back from a backup, beside a tenant and a target that were not. */

import { isOutdated, isToBeRead } from '../../src/core/accepted.ts';
import { noticeRestore } from '../../src/engine/restore.ts';
import { memorySource } from '../../src/source/memory.ts';
import { createMemoryMarks } from '../../src/store/memory/installation.ts';
import { connection, id, type Story, type StoryOptions, story, target } from './story.ts';

export const day = 86_400_000;

/** Everything up to the moment the backup is made. */
export const untilBackup = async (s: Story): Promise<void> => {
  for (const name of ['anna', 'ben', 'carl', 'dora', 'emil']) s.hire(name);
  s.hire('emil', { accountEnabled: false });
  s.found('sales');
  for (const name of ['anna', 'ben', 'carl']) s.directory.join(id('sales'), id(name));
  await s.full();
};

/**
 * The database of `lived` as it was at the backup, beside the tenant and the target as they are now: the same was done up to the backup, and since then
 * nobody knows of anything.
 */
export const putBack = async (lived: Story, until: (s: Story) => Promise<void>, options: StoryOptions = {}) => {
  const own: { now: Story | null } = { now: null };
  const s = await story({
    ...options,
    engine: { connectSource: () => memorySource((own.now ?? s).directory), ...options.engine },
  });
  await until(s);
  own.now = lived;
  s.remote.objects.clear();
  s.remote.members.clear();
  for (const [remote, object] of lived.remote.objects) s.remote.objects.set(remote, object);
  for (const [remote, members] of lived.remote.members) s.remote.members.set(remote, new Set(members));
  s.pass(day);
  return s;
};

export const noticed = async (s: Story) => {
  const marks = createMemoryMarks();
  await marks.note(await s.stores.installation.id(), 1_000);
  return await noticeRestore(s.engine, marks);
};

export const waitsFor = async (s: Story): Promise<'full sync' | 'plan' | 'nothing'> => {
  const head = await s.stores.snapshots.head(connection);
  const record = await s.stores.targets.get(target);
  if (isToBeRead(head)) return 'full sync';
  return record !== null && isOutdated(record, head, await s.stores.ledger.rules(target)) ? 'plan' : 'nothing';
};

export const delta = async (s: Story): Promise<void> => {
  await s.syncAll();
  await s.provisionAll();
};
