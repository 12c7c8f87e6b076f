import { describe, expect, it } from 'vitest';
import { targetKind, targetKinds } from '../../src/target/registry.ts';
import { describeTarget, describeTroubles, type Harness } from '../contract/target-contract.ts';
import { memoryHarness } from './memory-harness.ts';
import { scimHarness } from './scim/scim-harness.ts';

/** One line per kind; the contract is run for each. */
const harnesses: Readonly<Record<string, () => Promise<Harness>>> = { scim: scimHarness };

describe('the list of target kinds', () => {
  it('holds no kind that the contract is not run for', () => {
    expect(targetKinds.map(({ kind }) => kind).toSorted()).toEqual(Object.keys(harnesses).toSorted());
  });

  it('finds a kind by its name', () => {
    expect(targetKind('scim')?.kind).toBe('scim');
    expect(targetKind('carrier-pigeon')).toBeNull();
  });
});

for (const [kind, make] of Object.entries(harnesses)) {
  describeTarget(kind, make);
  describeTroubles(kind, make);
}
describeTarget('memory', memoryHarness);
