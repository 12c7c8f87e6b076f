/** `npm run chaos` in short: the same storm, for some seconds; and a disk that fills up. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failpoints } from './failpoints.ts';
import { runChaos, totalOf } from './run.ts';
import { runOutOfDisk } from './scarce.ts';
import type { Verdict } from './verdict.ts';

const right: Verdict = { wrongWrites: [], lost: [], apart: [], untried: [] };

/** Of the capabilities of this process (capabilities(7)), CAP_SYS_ADMIN. A container's root has none unless it was given. */
const mayMount = async (): Promise<boolean> => {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return (effective & (1n << 21n)) !== 0n;
};

describe('a whole installation', () => {
  const seed = 20_260_302;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'entrain-chaos-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('harmed anywhere takes nothing away without evidence, makes nobody twice, and ends as the tenants are', async () => {
    const report = await runChaos({
      seed,
      folder,
      durationMs: 20_000,
      workers: 2,
      users: 45,
      kills: { workers: 5, api: 2 },
      harmEveryMs: 1_000,
      failpoints: await failpoints(),
      say: () => {},
    });
    // In so short a time not everything comes up.
    expect({ ...report.verdict, untried: [] }).toEqual(right);
    // Else nothing was tried.
    expect(report.deaths).toBeGreaterThanOrEqual(2);
    expect(totalOf(report.injected)).toBeGreaterThan(8);
    expect(Object.keys(report.injected)).toContainEqual(expect.stringMatching(/^API killed: (?!.*not done)/));
    expect(report.calls).toMatchObject({ 'nobody there': expect.any(Number) });
    expect(totalOf(report.lived)).toBeGreaterThan(30);
    expect(report.judged['user created']).toBeGreaterThan(60);
    expect(report.judged['value written']).toBeGreaterThan(60);
    expect(report.decided).toMatchObject({ 'first plan applied': expect.any(Number) });
  }, 240_000);

  it('without room on its disk waits and writes nothing, and goes on when there is room again', async () => {
    const { means, told, verdict } = await runOutOfDisk({ seed, folder, fullMs: 1_500, say: () => {} });
    expect(verdict).toEqual(right);
    // Files that may not grow are much the same, and no full disk.
    expect(means).toBe((await mayMount()) ? 'mounted' : 'limited');
    expect(told.join('\n')).toContain('MongoDB took');
  }, 240_000);
});
