/**
 * Virtual time. Everything that happens later is an event here; between two events every promise that can go on has gone on, so the order of events
 * is the only order there is, and the same seed gives the same one.
 */

export type Event = { readonly at: number; readonly tie: number; act: (() => void) | null };

export type Scheduler = {
  /** Milliseconds since the epoch, of the true clock. */
  now(): number;
  /** Runs `act` then; events of the same moment in an order of chance. */
  at(time: number, act: () => void): Event;
  cancel(event: Event): void;
  /** Lets time pass. Resolves at that time, also when nothing is left to happen. Throws `EndlessRun` when too much happens. */
  passUntil(time: number): Promise<void>;
  readonly steps: () => number;
};

/** More events than any run needs: something goes round in circles. */
export class EndlessRun extends Error {
  override readonly name = 'EndlessRun';
}

export const createScheduler = (start: number, tie: (nth: number) => number, mostSteps: number): Scheduler => {
  /** Latest first, so that the next one is at the end. */
  const events: Event[] = [];
  let clock = start;
  let added = 0;
  let steps = 0;

  const insert = (event: Event): void => {
    let place = events.length;
    while (place > 0 && isLater(event, events[place - 1])) place -= 1;
    events.splice(place, 0, event);
  };
  /** False when nothing happens until then. */
  const step = (until: number): boolean => {
    for (;;) {
      const next = events.at(-1);
      if (next === undefined || next.at > until) return false;
      events.pop();
      if (next.act === null) continue;
      clock = Math.max(clock, next.at);
      steps += 1;
      if (steps > mostSteps) throw new EndlessRun(`More than ${mostSteps} events.`);
      next.act();
      return true;
    }
  };

  return {
    now: () => clock,
    at: (time, act) => {
      added += 1;
      const event = { at: Math.max(Math.ceil(time), clock), tie: tie(added), act };
      insert(event);
      return event;
    },
    cancel: (event) => {
      event.act = null;
    },
    passUntil: (until) =>
      new Promise((resolve, reject) => {
        const go = (): void => {
          try {
            if (step(until)) {
              inTime();
              return;
            }
            clock = Math.max(clock, until);
            resolve();
          } catch (error) {
            reject(error);
          }
        };
        const inTime = afterwards(go);
        inTime();
      }),
    steps: () => steps,
  };
};

const isLater = (event: Event, than: Event | undefined): boolean =>
  than !== undefined && (event.at > than.at || (event.at === than.at && event.tie > than.tie));

/**
 * Once every promise has gone as far as it can: Node runs the next tick only when no microtask is left. Asked for out of a microtask, because a tick
 * asked for out of a tick would come before them. A promise that is kept is the cheapest way into one: it is gone thousands of times in a run.
 */
const afterwards = (act: () => void): (() => void) => {
  const nextTick = (): void => process.nextTick(act);
  return () => void kept.then(nextTick);
};
const kept = Promise.resolve();
