import { describe, expect, it } from 'vitest';
import { scarceTable, stormInWords, stormTable } from '../../scripts/chaos/page.ts';
import { type ScarceTrial, scarceOf, stormOf } from '../../scripts/chaos/results.ts';
import type { ChaosReport } from './run.ts';

const asked = { date: '2026-11-27', commit: 'abc1234', seed: 7, minutes: 10, workers: 3, users: 60 };
const report: ChaosReport = {
  injected: { 'worker killed': 120, 'line cut: graph': 4, 'line cut: graph: not done': 2, 'Redis dead, then empty': 3 },
  lived: { hire: 30, leave: 10, nothing: 50 },
  asked: { 'full sync': 9 },
  decided: { 'held plan applied': 6, 'held plan superseded': 2 },
  calls: { 'nobody there': 90, 'answer lost: it was begun': 4 },
  judged: { 'user created': 1_200, 'user deleted': 8, 'value written': 9_000 },
  deaths: 130,
  byDelta: 2,
  judgedByDelta: 1,
  rounds: [2, 3],
  verdict: { wrongWrites: [], lost: [], apart: [], untried: [] },
};

describe('what is kept of a storm', () => {
  it('counts what was done, and values beside the effects that they came with', () => {
    const storm = stormOf(asked, report);
    expect(stormInWords(storm)).toContain(
      '10 minutes, 120 workers killed and 10 more that died, 3 starts of Redis or MongoDB, 7 harms',
    );
    expect(stormInWords(storm)).toContain('40 changes in the tenants, 1,208 effects at the targets judged; no promise');
    const table = stormTable(storm);
    expect(table).toContain('| workers that died | 130, 120 of them by our hand |');
    expect(table).toContain('7: 3 Redis dead, then empty, 4 line cut: graph; 2 more met nobody');
    expect(table).toContain(
      '| what callers of the API met when it was gone | 4 answer lost: it was begun, 90 nobody there |',
    );
    expect(table).toContain('6 held plan applied, 2 held plan superseded');
    expect(table).toContain(
      '1 of 2 targets had to be what their tenants are after delta runs alone, but for managers (what was not is counted as lost); managers are not judged before the end, and 2 of 2 were right by then with these as well',
    );
  });

  it('says that no target was judged after delta runs alone, where none was', () => {
    expect(stormTable(stormOf(asked, { ...report, judgedByDelta: 0 }))).toContain(
      '**no target had to be what its tenant is after delta runs alone**',
    );
  });

  it('says how often a promise was broken', () => {
    const verdict = { ...report.verdict, wrongWrites: ['anna was disabled'], lost: ['a run'] };
    const storm = stormOf(asked, { ...report, verdict });
    expect(stormInWords(storm)).toContain('**promises were broken 2 times**');
    expect(stormTable(storm)).toContain('| effects that were wrong | 1 |');
  });

  it('is said to be nothing where none was kept', () => {
    expect([stormInWords(null), stormTable(null)]).toEqual(['None was kept yet.', 'None was kept yet.']);
  });
});

describe('what is kept of what runs out', () => {
  const told = ['A disk was filled.', 'MongoDB died.'];
  const verdict = { wrongWrites: [], lost: [], apart: [], untried: [] };
  const { date, commit, seed } = asked;
  const scarce = (means: 'mounted' | 'limited' | 'heap', broken: readonly string[] = []) =>
    scarceOf({ date, commit, seed }, { means, told, verdict: { ...verdict, wrongWrites: broken } });
  const rowOf = (trial: ScarceTrial, of: Parameters<typeof scarceTable>[0]) =>
    scarceTable(of)
      .split('\n')
      .find((row) => row.includes(`--only ${trial}`));

  it('says what was done and seen, by what it was made scarce, and which promises were kept', () => {
    const kept = { disk: scarce('mounted'), memory: scarce('heap', ['anna was disabled']) };
    expect(rowOf('disk', kept)).toBe(
      '| `--only disk` | 2026-11-27, abc1234, seed 7 | A disk was filled.<br>MongoDB died. | all four promises kept, with a file system that was full |',
    );
    expect(rowOf('memory', kept)).toContain('| **promises were broken 1 times**, with a heap that was too small |');
  });

  it('tells a disk that was full from files that could not grow', () => {
    const kept = { disk: scarce('limited'), memory: null };
    expect(rowOf('disk', kept)).toContain('**with files that could not grow');
    expect(rowOf('memory', kept)).toContain('None was kept yet.');
  });
});
