/** A run that took over the accounts of others, by a wrong matching rule. */

import { expect } from 'vitest';
import { defaultMatching } from '../../src/core/default-mapping.ts';
import { remoteId } from '../../src/model/ids.ts';
import type { TargetRecord } from '../../src/model/target-record.ts';
import type { Target } from '../../src/target/target.ts';
import { free, type Story, story, target } from './story.ts';
import { sorted } from './undoing.ts';

const number = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber';
const byNumber = { from: 'employeeId', to: number, ignoreCase: false };

/** The numbers at the target are those of another company. */
export const takenOver = async (
  wrapTarget: (made: Target) => Target = (made) => made,
  more: (s: Story) => void = () => {},
  policy: Partial<TargetRecord> = {},
) => {
  const s = await story({
    wrapTarget,
    target: { limits: free, matching: { ...defaultMatching, user: [byNumber] }, ...policy },
  });
  for (const [name, nth, active] of [
    ['xaver', '1', true],
    ['yves', '2', false],
  ] as const)
    s.remote.objects.set(remoteId(name), {
      type: 'user',
      remoteId: remoteId(name),
      attributes: { userName: `${name}@other.example`, active, title: 'Director', [number]: nth },
    });
  const before = sorted(s);
  s.hire('anna', { employeeId: '1', jobTitle: 'clerk' });
  s.hire('bert', { employeeId: '2', jobTitle: 'clerk' });
  more(s);
  await s.full();
  s.pass(1_000);
  const run = await s.provisioned();
  expect(s.accounts()).toEqual({ anna: 'on', bert: 'on' });
  return { s, before, run };
};

export const linked = async (s: Story) => (await s.stores.ledger.countLinks(target)).user;
