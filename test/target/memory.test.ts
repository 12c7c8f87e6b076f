import { expect, it } from 'vitest';
import { operationKey, sourceId } from '../../src/model/ids.ts';
import { user } from '../../src/model/source-object.ts';
import { memoryTarget, memoryTargetState } from '../../src/target/memory.ts';

it('keeps its accounts, and what was done to them, from one connected target to the next', async () => {
  const signal = new AbortController().signal;
  const state = memoryTargetState();
  const operation = {
    key: operationKey('k'),
    ref: user(sourceId('A')),
    action: 'create',
    attributes: { userName: 'ada' },
  } as const;
  const { remoteId } = await memoryTarget(state).apply(operation, signal);
  expect(await memoryTarget(state).get('user', remoteId, signal)).toMatchObject({ attributes: { userName: 'ada' } });
  expect(state.applied).toEqual([operation]);
});

it('has the capabilities it is given', () => {
  expect(memoryTarget(memoryTargetState(), { capabilities: { groups: false } }).capabilities).toEqual({
    membersPerRequest: 1_000,
    groups: false,
    disable: true,
    delete: true,
    concurrency: 8,
    required: { user: ['userName'], group: ['displayName'] },
  });
});
