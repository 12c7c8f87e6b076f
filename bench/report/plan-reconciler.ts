/** On paper: what the reconciler asks, round after round (workers/scheduler.ts, src/queue/reconcile.ts). */

import { head, num, row, shown, time } from './plan-text.ts';

/** `questions`: about an active connection with one target. `questionMs`: the way there and back. */
export const reconciler = { restSeconds: 30, questions: 3, page: 500, questionMs: 0.5 } as const;

export const reconciling = ({
  tenants,
  workers,
}: {
  readonly tenants: number;
  readonly workers: number;
}): readonly string[] => {
  const { restSeconds, questions, page, questionMs } = reconciler;
  const asked = tenants * questions + tenants / page;
  const passSeconds = (asked * questionMs) / 1_000;
  const aSecond = asked / (passSeconds + restSeconds);
  const most = Math.round(restSeconds / ((questions + 1 / page) * (questionMs / 1_000)) / 1_000) * 1_000;
  return [
    `Each process with the role \`scheduler\` goes through all connections, rests ${restSeconds} s, and begins anew. Of an active connection with one target it asks MongoDB ${questions} things, one after the other: its targets, its head, the position of the target. Assumed: ${questionMs} ms for a question and its answer.`,
    '',
    ...head('what', 'arithmetic', 'result'),
    row(
      'questions of a pass',
      `${num(tenants)} × ${questions} + ${num(tenants)} / ${page} pages of connections`,
      num(asked),
    ),
    row('time of a pass', `${num(asked)} × ${questionMs} ms`, time(passSeconds)),
    row(
      'questions a second of one scheduler',
      `${num(asked)} / (${shown(passSeconds)} + ${restSeconds}) s`,
      shown(aSecond),
    ),
    row(
      `of all ${workers} workers, if each has every role`,
      `${workers} × ${shown(aSecond)}`,
      shown(aSecond * workers),
    ),
    row(
      'schedules read from Redis in a pass',
      `${num(tenants)} × 2, each a command of its own, sent all at once`,
      num(tenants * 2),
    ),
    '',
    `A pass of one scheduler takes longer than it rests from some ${num(most)} connections on: then what Redis lost is mended after ${time(passSeconds + restSeconds)} and not after ${restSeconds} s. The questions of all workers together are too many for one MongoDB that has other work as well. Today the remedy is \`ENTRAIN_WORKER_ROLES\`: \`scheduler\` on two processes, and on no other. Beyond that it would take two changes: asking for the targets, heads and positions of a page of ${page} connections at once, which makes ${num(asked)} questions ${num((tenants / page) * 3)} (connections, targets, and heads, which hold the positions too); and a lease, so that one scheduler does it for all.`,
  ];
};
