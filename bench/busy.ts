/** What of the processor a stretch of time took: all of the machine, and one group of its processes. */

import { readdir, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import type { Figures } from './figures.ts';

/** In cores, 1 being one that never rests. `groupCores` is left out where there is no /proc to read it from. */
export const busyDuring = async <T>(
  group: number,
  work: () => Promise<T>,
): Promise<{ readonly done: T; readonly busy: Figures }> => {
  const [machine, ofGroup, start] = [machineMs(), await groupMs(group), performance.now()];
  const done = await work();
  const ms = performance.now() - start;
  const groupCores = ((await groupMs(group)) - ofGroup) / ms;
  const busy = { machineCores: (machineMs() - machine) / ms, ...(Number.isFinite(groupCores) ? { groupCores } : {}) };
  return { done, busy };
};

const machineMs = (): number =>
  cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0);

/** A tick of Linux as it tells it to processes (proc(5), sysconf(_SC_CLK_TCK)). */
const tickMs = 10;

/** Processor time so far of all processes of a group; NaN where there is no /proc. */
const groupMs = async (group: number): Promise<number> => {
  const processes = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  if (processes.length === 0) return Number.NaN;
  const times = await Promise.all(processes.map((process) => timeOf(process, group)));
  return times.reduce((sum, time) => sum + time, 0);
};

/** 0 for what belongs to another group, or ended meanwhile. */
const timeOf = async (process: string, group: number): Promise<number> => {
  const status = await readFile(`/proc/${process}/stat`, 'utf8').catch(() => '');
  // The name of the command stands in brackets, and may hold blanks.
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  const [, , processGroup] = fields;
  return Number(processGroup) === group ? (Number(fields[11]) + Number(fields[12])) * tickMs : 0;
};
