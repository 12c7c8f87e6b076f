import { describe, expect, it } from 'vitest';
import { createClock, keepClock } from '../../src/engine/clock.ts';
import type { Log } from '../../src/model/world.ts';

const second = 1_000;
const minute = 60 * second;
const day = 24 * 60 * minute;
const noon = Date.parse('2026-03-02T12:00:00Z');

/** A machine whose clock is ahead of the database's, and a database that may be slow, or away. */
const machineThatIs = (aheadMs: number, { wayMs = 20 } = {}) => {
  const world = { true: noon, ahead: aheadMs, slept: 0, wayMs, away: false, asked: 0, theirs: 0 };
  const lines: string[] = [];
  const note = (event: string): void => void lines.push(event);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const machine = { wall: () => world.true + world.ahead, steady: () => world.true - noon - world.slept };
  const ask = async (): Promise<Date> => {
    world.asked += 1;
    world.true += world.wayMs / 2;
    const time = new Date(world.true + world.theirs);
    world.true += world.wayMs / 2;
    if (world.away) throw new Error('The database is away.');
    return time;
  };
  const clock = createClock(machine, ask, log);
  return {
    clock,
    lines,
    world,
    log,
    pass: (ms: number) => {
      world.true += ms;
    },
    /** How far the clock is from the database's. */
    offBy: () => clock.now().getTime() - world.true - world.theirs,
  };
};

describe('the clock of a process', () => {
  it.each([0, 10 * minute, -10 * minute, day, -day])(
    'tells the time of the database on a machine that is %i ms ahead',
    async (ahead) => {
      const { clock, offBy, pass } = machineThatIs(ahead);
      await clock.measure();
      expect(Math.abs(offBy())).toBeLessThanOrEqual(10);
      pass(3 * 60 * minute);
      expect(Math.abs(offBy())).toBeLessThanOrEqual(10);
      expect(Math.abs((clock.reading().aheadMs ?? Number.NaN) - ahead)).toBeLessThanOrEqual(10);
    },
  );

  it('stays as it is where the database cannot be asked', async () => {
    const { clock, offBy, world, pass } = machineThatIs(day);
    await clock.measure();
    world.away = true;
    pass(60 * minute);
    await expect(clock.measure()).rejects.toThrow('away');
    expect(Math.abs(offBy())).toBeLessThanOrEqual(10);
    expect(clock.reading()).toMatchObject({ state: 'far_off' });
  });

  it('does not believe an answer that was long under way, and has none to begin with', async () => {
    const { clock, offBy, world } = machineThatIs(0, { wayMs: 8 * second });
    await expect(clock.measure()).rejects.toThrow('8000 ms');
    world.wayMs = 20;
    await clock.measure();
    world.wayMs = 40 * second;
    await clock.measure();
    expect(Math.abs(offBy())).toBeLessThanOrEqual(10);
  });

  it('does not notice that somebody sets the clock of the machine, and asks the database at once', async () => {
    const { clock, offBy, world, pass } = machineThatIs(0);
    await clock.measure();
    for (const step of [60 * minute, -120 * minute]) {
      world.ahead += step;
      pass(5 * second);
      const asked = world.asked;
      expect(Math.abs(offBy())).toBeLessThanOrEqual(10);
      expect(world.asked).toBe(asked + 1);
      for (let nth = 0; nth < 100; nth += 1) clock.now();
      expect(world.asked).toBe(asked + 1);
      await clock.measure();
    }
    expect(clock.reading()).toMatchObject({ state: 'far_off' });
  });

  it('catches up after the machine slept', async () => {
    const { clock, offBy, world, pass } = machineThatIs(0);
    await clock.measure();
    pass(60 * minute);
    world.slept = 50 * minute;
    clock.now();
    await clock.measure();
    expect(Math.abs(offBy())).toBeLessThanOrEqual(10);
  });

  it('never runs backwards: where it was ahead it stands still until it is not', async () => {
    const { clock, offBy, world, pass, lines } = machineThatIs(0);
    await clock.measure();
    const before = clock.now().getTime();
    world.theirs = -30 * second;
    await clock.measure();
    expect(clock.now().getTime()).toBeGreaterThanOrEqual(before);
    expect(lines).toContain('clock.stands');
    pass(10 * second);
    const standing = clock.now().getTime();
    expect(standing).toBeGreaterThanOrEqual(before);
    pass(20 * second);
    await clock.measure();
    expect(Math.abs(offBy())).toBeLessThanOrEqual(20);
    let last = 0;
    for (let nth = 0; nth < 200; nth += 1) {
      pass(7);
      if (nth % 20 === 0) await clock.measure();
      const now = clock.now().getTime();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  it('says once that the clock of the machine is wrong, and when it is right again', async () => {
    const { clock, lines, world } = machineThatIs(0);
    await clock.measure();
    expect([lines, clock.reading().state]).toEqual([[], 'fine']);
    world.ahead = 5 * second;
    await clock.measure();
    await clock.measure();
    expect([lines, clock.reading().state]).toEqual([['clock.off'], 'off']);
    world.ahead = 2 * minute;
    await clock.measure();
    expect([lines, clock.reading().state]).toEqual([['clock.off', 'clock.off'], 'far_off']);
    world.ahead = 0;
    await clock.measure();
    expect(lines.at(-1)).toBe('clock.fine');
  });

  it('is asked for again and again, also after the database was away', async () => {
    const { clock, log, world, lines } = machineThatIs(0);
    const stop = new AbortController();
    let slept = 0;
    const sleep = async (): Promise<void> => {
      slept += 1;
      world.away = slept === 2;
      if (slept === 4) stop.abort();
    };
    await keepClock(clock, { sleep, log }, 30 * second, stop.signal);
    expect(world.asked).toBe(3);
    expect(lines).toEqual(['clock.unasked']);
  });
});

describe('a stopwatch', () => {
  it('tells at least what has passed, whether the machine slept or its clock was set back', async () => {
    const { clock, world, pass } = machineThatIs(0);
    const [slept, setBack] = [clock.stopwatch(), clock.stopwatch()];
    pass(10 * minute);
    world.slept = 9 * minute;
    expect(slept()).toBe(10 * minute);
    world.slept = 0;
    world.ahead = -60 * minute;
    expect(setBack()).toBe(10 * minute);
  });
});
