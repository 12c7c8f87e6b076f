// What vitest's JSON report comes to, in one honest line.

import { z } from 'zod';

const report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) })),
});

export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Nothing was found to run: nothing failed, and it is no clean run either. */
  readonly ranNone: boolean;
}

/**
 * Counts tests. A file that failed without a failed test (it did not load) counts as one failure, so does each failed
 * check of the sources, and a run that went wrong in any other way. One that ran no test at all is never clean.
 *
 * `json` is null when vitest left no report.
 */
export function countTests(ask: { json: unknown; exitCode: number; failedChecks: number }): Count {
  const parsed = report.safeParse(ask.json);
  if (!parsed.success) return { passed: 0, failed: 1 + ask.failedChecks, skipped: 0, ranNone: false };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = parsed.data;
  const brokenFiles = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const seen = numFailedTests + brokenFiles;
  const ranNone = seen + numPassedTests === 0;
  const unseen = seen === 0 && !ranNone && ask.exitCode !== 0 ? 1 : 0;
  return {
    passed: numPassedTests,
    failed: seen + unseen + ask.failedChecks,
    skipped: numPendingTests + numTodoTests,
    ranNone,
  };
}

/** The closing line of a run. */
export function sayCount(count: Count): string {
  const skipped = count.skipped === 0 ? '' : `, ${count.skipped} skipped`;
  return `${count.passed} passed, ${count.failed} failed${skipped}${count.ranNone ? ': no such test was found' : ''}`;
}
