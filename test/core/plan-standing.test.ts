import { describe, expect, it } from 'vitest';
import { standingAfter } from '../../src/core/plan-standing.ts';
import { becomes, eventNames, events, standingNames, standings } from '../support/plan-standings.ts';

describe('what becomes of a plan', () => {
  for (const from of standingNames)
    for (const name of eventNames)
      it(`that is ${from}, when somebody or something would ${name} it`, () => {
        expect(standingAfter(standings[from], events[name])?.state).toBe(becomes[from][name]);
      });

  it('keeps who approved it, and the run that had begun it, when it ends against that', () => {
    const { decision, begun } = standings.begun;
    expect(standingAfter(standings.begun, events.refuse)).toMatchObject({ decision, begun });
    expect(standingAfter(standings.begun, events.finish)).toMatchObject({ decision, begun });
  });

  it('that ended, whichever way, is the end', () => {
    for (const from of standingNames)
      for (const name of eventNames) {
        const then = standingAfter(standings[from], events[name]);
        if (then === null || then.state === 'waiting' || then.state === 'approved') continue;
        for (const next of eventNames)
          expect([from, name, next, standingAfter(then, events[next])]).toEqual([from, name, next, null]);
      }
  });
});
