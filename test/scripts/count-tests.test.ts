import { describe, expect, it } from 'vitest';
import { countTests, sayCount } from '../../scripts/count-tests.ts';

const file = (...statuses: string[]) => ({
  status: statuses.includes('failed') ? 'failed' : 'passed',
  assertionResults: statuses.map((status) => ({ status })),
});
const brokenFile = { status: 'failed', assertionResults: [] };

const reportOf = (...files: { status: string; assertionResults: { status: string }[] }[]) => {
  const count = (status: string) =>
    files.flatMap((one) => one.assertionResults).filter((test) => test.status === status).length;
  return {
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('pending'),
    numTodoTests: count('todo'),
    testResults: files,
  };
};

describe('the closing line of a test run', () => {
  it('counts what passed and what failed', () => {
    const json = reportOf(file('passed', 'passed'), file('passed', 'failed'));
    expect(sayCount(countTests({ json, exitCode: 1, failedChecks: 0 }))).toBe('3 passed, 1 failed');
  });

  it('counts a file that did not load as a failure', () => {
    const json = reportOf(file('passed'), brokenFile);
    expect(sayCount(countTests({ json, exitCode: 1, failedChecks: 0 }))).toBe('1 passed, 1 failed');
  });

  it('counts sources that do not compile as a failure, though every test passed', () => {
    const json = reportOf(file('passed'));
    expect(sayCount(countTests({ json, exitCode: 0, failedChecks: 1 }))).toBe('1 passed, 1 failed');
  });

  it('never calls a run clean that ended badly though every test passed, as an unhandled rejection makes it', () => {
    const json = reportOf(file('passed'));
    expect(sayCount(countTests({ json, exitCode: 1, failedChecks: 0 }))).toBe('1 passed, 1 failed');
  });

  it('tells a run that found no test from one that failed', () => {
    const none = countTests({ json: reportOf(), exitCode: 1, failedChecks: 0 });
    expect(none.ranNone).toBe(true);
    expect(sayCount(none)).toBe('0 passed, 0 failed: no such test was found');
    const filtered = countTests({ json: reportOf(file('pending')), exitCode: 0, failedChecks: 0 });
    expect(sayCount(filtered)).toBe('0 passed, 0 failed, 1 skipped: no such test was found');
  });

  it('counts a run that left no report as a failure', () => {
    expect(sayCount(countTests({ json: null, exitCode: 0, failedChecks: 0 }))).toBe('0 passed, 1 failed');
  });

  it('says that tests were skipped', () => {
    const json = reportOf(file('passed', 'pending', 'todo'));
    expect(sayCount(countTests({ json, exitCode: 0, failedChecks: 0 }))).toBe('1 passed, 0 failed, 2 skipped');
  });
});
