import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import { createsUnderWay } from '../../src/engine/creates.ts';
import { ahead, allOf, prepared } from '../../src/engine/steps.ts';
import { sourceId } from '../../src/model/ids.ts';

async function* numbers(count: number, seen: number[] = [], failAt = count): AsyncGenerator<number> {
  try {
    for (let number = 0; number < count; number += 1) {
      if (number === failAt) throw new Error(`no ${number}`);
      seen.push(number);
      yield number;
    }
  } finally {
    seen.push(-1);
  }
}

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const handed: T[] = [];
  for await (const item of items) handed.push(item);
  return handed;
};

describe('reading ahead', () => {
  it('asks for the next one before this one is worked on, and keeps the order', async () => {
    const seen: number[] = [];
    const reading = ahead(numbers(3, seen));
    expect((await reading.next()).value).toBe(0);
    expect(seen).toEqual([0, 1]);
    expect(await all(reading)).toEqual([1, 2]);
  });

  it('tells of a failure once everything before it was handed on', async () => {
    const reading = ahead(numbers(3, [], 1));
    expect((await reading.next()).value).toBe(0);
    await expect(reading.next()).rejects.toThrow('no 1');
  });

  it('closes what it reads from when it is left', async () => {
    const seen: number[] = [];
    for await (const _number of ahead(numbers(9, seen))) break;
    expect(seen).toEqual([0, 1, -1]);
  });
});

describe('preparing ahead', () => {
  it('prepares so many more than the one that is worked on, and no further', async () => {
    const begun: number[] = [];
    const prepare = async (number: number): Promise<number> => {
      begun.push(number);
      return number * 10;
    };
    const steps = prepared(numbers(9), 2, prepare, () => {});
    expect((await steps.next()).value).toBe(0);
    expect(begun).toEqual([0, 1, 2]);
    expect((await steps.next()).value).toBe(10);
    expect(begun).toEqual([0, 1, 2, 3]);
    expect(await all(steps)).toEqual([20, 30, 40, 50, 60, 70, 80]);
  });

  it('hands on what came before a failure, and ends with it', async () => {
    const steps = prepared(
      numbers(4),
      2,
      async (number) => {
        if (number === 1) throw new Error('refused');
        return number;
      },
      () => {},
    );
    expect((await steps.next()).value).toBe(0);
    await expect(steps.next()).rejects.toThrow('refused');
  });

  it('says that it is left, and waits for what was begun', async () => {
    const told: string[] = [];
    const gate = Promise.withResolvers<void>();
    const prepare = async (number: number): Promise<number> => {
      if (number > 0) await gate.promise;
      told.push(`prepared ${number}`);
      return number;
    };
    const leave = (): void => {
      told.push('left');
      gate.resolve();
    };
    for await (const _step of prepared(numbers(9), 2, prepare, leave)) break;
    expect(told).toEqual(['prepared 0', 'left', 'prepared 1', 'prepared 2']);
  });
});

describe('asking about many', () => {
  const { signal } = new AbortController();

  it('answers in order, with no more under way than the limit lets', async () => {
    let underWay = 0;
    let most = 0;
    const answers = await allOf([5, 4, 3, 2, 1], pLimit(2), signal, async (number) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await Promise.resolve();
      underWay -= 1;
      return number * 2;
    });
    expect(answers).toEqual([10, 8, 6, 4, 2]);
    expect(most).toBe(2);
  });

  it('lets no question begin after a failure, which is what it throws', async () => {
    const asked: number[] = [];
    const asking = allOf([1, 2, 3, 4], pLimit(1), signal, async (number) => {
      asked.push(number);
      if (number === 2) throw new Error('refused');
      return number;
    });
    await expect(asking).rejects.toThrow('refused');
    expect(asked).toEqual([1, 2]);
  });
});

describe('creates under way', () => {
  const [anna, ben] = [sourceId('anna'), sourceId('ben')];

  it('are over for a look-up when all of them are', async () => {
    const creates = createsUnderWay();
    const ended = creates.begin(anna);
    let isOver = false;
    const over = creates.over(ben).then(() => {
      isOver = true;
    });
    await Promise.resolve();
    expect(isOver).toBe(false);
    ended();
    await over;
    expect(isOver).toBe(true);
  });

  it('that look themselves wait for earlier ones alone, so that no two wait for each other', async () => {
    const creates = createsUnderWay();
    const annaEnded = creates.begin(anna);
    creates.begin(ben);
    await creates.over(anna);
    const ben_ = creates.over(ben);
    annaEnded();
    await ben_;
  });
});
