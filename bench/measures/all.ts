/** Every measure, in the order of the report. */

import { fairness } from './fairness.ts';
import { firstSync, managedFirstSync, usualFirstSync } from './first-sync.ts';
import { growing } from './growing.ts';
import type { Measure } from './measure.ts';
import { provisioning } from './provisioning.ts';
import { queue } from './queue.ts';
import { reading } from './reading.ts';
import { unchanged } from './unchanged.ts';

export const measures: readonly Measure[] = [
  reading,
  firstSync,
  managedFirstSync,
  usualFirstSync,
  unchanged,
  growing,
  provisioning,
  fairness,
  queue,
];
