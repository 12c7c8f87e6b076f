/**
 * Before anything is taken away, whoever is to lose it is asked about once more: are they in a protected group after all? A list may show a part of who
 * is in it, with every sign of success. So in each run, whatever what it takes away rests on.
 */

import { type Pending, peopleOf } from './pending.ts';
import { isDry, type Provisioning } from './provisioning.ts';
import { guardedAfterAll } from './shield.ts';
import { type Spared, spare } from './sift.ts';

/** A run that only plans takes nothing away; whoever is found by this is left out when the plan is carried out. */
export const spareGuarded = async (work: Provisioning, pending: readonly Pending[]): Promise<Spared> => {
  const after = isDry(work) ? new Map() : await guardedAfterAll(work, peopleOf(pending));
  return after.size === 0 ? { go: pending, kept: [], inDoubt: [], spared: [] } : await spare(work, pending, after);
};
