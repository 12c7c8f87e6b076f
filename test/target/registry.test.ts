import { describe, expect, it } from 'vitest';
import { parseTarget, targetKinds } from '../../src/target/registry.ts';
import { SettingsRefused } from '../../src/target/target.ts';
import { describeTarget, describeTroubles, type Harness } from '../contract/target-contract.ts';
import { memoryHarness } from './memory-harness.ts';
import { scimHarness } from './scim/scim-harness.ts';

/** One line per kind; the contract is run for each. */
const harnesses: Readonly<Record<string, () => Promise<Harness>>> = { scim: scimHarness };

describe('the list of target kinds', () => {
  it('holds no kind that the contract is not run for', () => {
    expect(targetKinds.map(({ kind }) => kind).toSorted()).toEqual(Object.keys(harnesses).toSorted());
  });

  it('parses by the kind that is named, and says of each fault where it stands in the target', () => {
    const refusals = (kind: string): readonly string[] => {
      try {
        parseTarget(kind, { base_url: 'https://x.example', token: '' });
        return [];
      } catch (error) {
        return error instanceof SettingsRefused ? error.issues.map(({ pointer }) => pointer) : [String(error)];
      }
    };
    expect(refusals('scim')).toEqual(['/settings/token']);
    expect(refusals('carrier-pigeon')).toEqual(['/kind']);
  });
});

for (const [kind, make] of Object.entries(harnesses)) {
  describeTarget(kind, make);
  describeTroubles(kind, make);
}
describeTarget('memory', memoryHarness);
