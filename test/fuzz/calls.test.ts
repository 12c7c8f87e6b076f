import { describe, expect, it } from 'vitest';
import { callCounter } from '../../scripts/fuzz/calls.ts';
import { fuzzTable } from '../../scripts/fuzz/results.ts';

const operations = [
  { id: 'listRuns', method: 'get', path: '/v1/runs' },
  { id: 'cancelRun', method: 'post', path: '/v1/runs/{run_id}/cancel' },
];
const answered = (method: string, route: string | undefined, status: number): string =>
  `${JSON.stringify({ event: 'request.answered', method, route, status })}\n`;

describe('the calls that an API answered', () => {
  it('are counted from its log, and an operation is reached by a 2xx alone', () => {
    const counter = callCounter();
    counter.hear(answered('GET', '/v1/runs', 200));
    counter.hear(answered('GET', '/v1/runs', 400));
    counter.hear(answered('POST', '/v1/runs/{run_id}/cancel', 404));
    counter.hear(answered('GET', undefined, 401));
    expect(counter.count(operations)).toEqual({ calls: 4, reached: ['listRuns'], unreached: ['cancelRun'] });
  });

  it('are counted also where a line comes in pieces, between what else is said', () => {
    const counter = callCounter();
    const line = answered('POST', '/v1/runs/{run_id}/cancel', 202);
    counter.hear('{"event":"api.listening"}\nno line of the log: "request.answered"\n');
    counter.hear(line.slice(0, 30));
    counter.hear(line.slice(30));
    expect(counter.count(operations)).toMatchObject({ calls: 1, reached: ['cancelRun'] });
  });

  it('are counted anew when what came before is forgotten', () => {
    const counter = callCounter();
    counter.hear(answered('GET', '/v1/runs', 200));
    counter.forget();
    expect(counter.count(operations)).toMatchObject({ calls: 0, reached: [] });
  });
});

it('what came of made-up calls is told in a row for each role', () => {
  const came = {
    role: 'audit',
    date: '2026-03-02',
    commit: '1234567',
    calls: 7_577,
    reached: 9,
    operations: 74,
  } as const;
  const row = fuzzTable([{ ...came, unreached: [], faults: 0 }])
    .split('\n')
    .at(-1);
  expect(row).toBe('| a key with the scope `audit` | 2026-03-02 | 1234567 | 7,577 | 9 of 74 | 0 |');
});
