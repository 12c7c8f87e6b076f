/** What the rows of targets do not say by themselves: memory for large groups, the share of Graph's limits, and what latency does. */

import { shareOf, unitsPerTenSeconds } from '../growth/graph-share.ts';
import type { Table } from '../growth/table.ts';
import type { Result } from '../result.ts';
import { medianIn, numberIn } from './detail.ts';
import { columnOf } from './rows.ts';

export const notesOf = (measured: readonly Result[], grown: readonly Table[]): readonly string[] => {
  const notes = [
    managersToo(measured, grown),
    largeGroups(measured, grown),
    limits(measured),
    latencies(measured),
    slowFirstSync(measured),
  ].filter((note) => note !== null);
  return notes.length === 0 ? [] : ['### What they do not show', '', ...notes.map((note) => `- ${note}`), ''];
};

/** Syncs of the default attributes, one after the other in one process, as a worker has them. */
const managersToo = (measured: readonly Result[], grown: readonly Table[]): string | null => {
  const target = measured.find(({ id, name }) => id === 'R6' && name.endsWith('MB'))?.target.split(' ')[1];
  const [users, peaks] = [columnOf(grown, 'users', 'users'), columnOf(grown, 'users', 'peak MB')];
  const [most, peak] = [users.at(-1), peaks.at(-1)];
  if (target === undefined || most === undefined || peak === undefined) return null;
  const before = peaks[users.lastIndexOf(users.findLast((size) => size < most) ?? Number.NaN)] ?? Number.NaN;
  return `**R6 reads no managers.** With them, in five times as many pages, a process that made a first sync, an unchanged one and a delta sync of ${most.toLocaleString('en')} people, one after the other, came to ${peak.toFixed(0)} MB${peak > Number(target) ? `, more than the ${target}` : ''} (“Users of one tenant”); with a tenth of the people, and their provisioning, to ${before.toFixed(0)} MB.`;
};

/** What a worker is started with (package.json). */
const oldSpaceMb = /--max-old-space-size=(\d+)/;

const largeGroups = (measured: readonly Result[], grown: readonly Table[]): string | null => {
  const memory = measured.find(({ id, name }) => id === 'R6' && name.endsWith('MB'));
  const [members, peaks] = [columnOf(grown, 'members', 'members'), columnOf(grown, 'members', 'peak MB')];
  const [most, peak, least, low] = [members.at(-1), peaks.at(-1), members[0], peaks[0]];
  const limit = oldSpaceMb.exec(String(memory?.detail['workerFlags'] ?? ''))?.[1];
  if (memory === undefined || limit === undefined || !most || !peak || !least || !low) return null;
  const each = (peak - low) / (most - least);
  const full = Math.round((most + (Number(limit) - peak) / each) / 100_000) / 10;
  return `**Memory is not flat for large groups.** R6 is of a tenant without groups. The members of a group are held while it is read: ${most.toLocaleString('en')} of them (the largest that was measured; guests are left out) took a worker to ${peak.toFixed(0)} MB, ${((each * 2 ** 20) / 1_000).toFixed(1)} KB for each of them, who is one more person of the tenant as well. At that rate the limit of ${limit} MB that workers are started with is reached at some ${full} million, which was not tried.`;
};

const limits = (measured: readonly Result[]): string | null => {
  const asked = measured.find(({ id }) => id === 'R10')?.detail;
  const timed = measured.find(({ id, name }) => id === 'R4g' && name.includes('80 ms'))?.detail;
  const { users, groups, requests, resourceUnits: units } = asked ?? {};
  const ms = medianIn(timed, 'wallMsAt80', 'ours');
  if (typeof users !== 'number' || typeof groups !== 'number' || typeof requests !== 'number') return null;
  if (typeof units !== 'number' || Number.isNaN(ms)) return null;
  const limit = unitsPerTenSeconds(users).toLocaleString('en');
  return `**Groups cost units.** Graph counts each request in a batch by itself. A full sync of ${users.toLocaleString('en')} users and ${groups.toLocaleString('en')} groups takes ${requests} requests (R10) and ${units.toLocaleString('en')} resource units; in the ${(ms / 1_000).toFixed(1)} s it takes at 80 ms an answer (R4g) that is ${shareOf(units, ms / 1_000, users)} of the ${limit} units in 10 s that Graph lets one app have in a large tenant. Users alone take one unit a page.`;
};

/** The latencies of R4, and what of it is the wire. */
const latencies = (measured: readonly Result[]): string | null => {
  const detail = measured.find(({ id, detail: { pages } }) => id === 'R4' && pages !== undefined)?.detail;
  const pages = numberIn(detail, 'pages');
  const at = (ms: number) => {
    const of = (who: string): number => medianIn(detail, `wallMsAt${ms}`, who);
    return { ours: of('ours'), chain: of('bareChain'), iterator: of('pageIterator'), wire: pages * ms };
  };
  const [near, far] = [at(20), at(80)];
  if (![near, far].every((one) => Object.values(one).every(Number.isFinite))) return null;
  const ms = (value: number): string => Math.round(value).toLocaleString('en');
  return `**At 20 ms a page the processor counts more.** There a full sync that finds nothing new takes ${times(near.ours, near.chain)} of the bare chain and ${times(near.ours, near.iterator)} of a PageIterator (R4, at 80 ms ${times(far.ours, far.chain)} and ${times(far.ours, far.iterator)}). The bare chain itself is not the wire: ${pages} pages of 80 ms are ${ms(far.wire)} ms, the chain takes ${ms(far.chain)} and Entrain ${ms(far.ours)}, ${times(far.ours, far.wire)} of the wire; at 20 ms ${ms(near.wire)}, ${ms(near.chain)} and ${ms(near.ours)}.`;
};

/** Null until it was measured with latency. */
const slowFirstSync = (measured: readonly Result[]): string | null => {
  const detail = measured.find(({ id }) => id === 'R2')?.detail;
  const quotients = [20, 80].map((ms) => numberIn(detail, `wall ms at ${ms} ms a page, one run`, 'ours / bare'));
  if (!quotients.every(Number.isFinite)) return null;
  const [near = Number.NaN, far = Number.NaN] = quotients;
  return `**A first sync with latency** takes ${near.toFixed(2)} of the bare limit at 20 ms a page and ${far.toFixed(2)} at 80 ms, of one run each (R2).`;
};

const times = (one: number, other: number): string => (one / other).toFixed(2);
