/** What may go wrong, at moments that a seed draws: each harm has its time and passes by itself. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultScript } from '../../simulator/graph/index.ts';
import { pick } from '../../simulator/graph/random.ts';
import type { FaultInput } from '../../simulator/scim/index.ts';
import type { Line } from '../support/tcp-proxy.ts';
import type { Plant } from './plant.ts';
import { flush } from './servers.ts';
import type { Slot } from './slot.ts';

export type Harm = {
  readonly name: string;
  readonly weight: number;
  /** So much of a storm has passed when it is not begun any more; to the end where it is not said. */
  readonly until?: number;
  /** Where it can be done, by name; what is done nowhere in particular has one place without a name. */
  readonly places: (plant: Plant) => readonly string[];
  /** Resolves when it has passed, or says why it could not be done. */
  readonly does: (plant: Plant, chance: Chance, place: string) => Promise<string | null>;
};
const anywhere = (): readonly string[] => [''];
const onLines = ({ lines }: Plant): readonly string[] => Object.keys(lines);

/** What a harm is counted under. */
export const deedOf = ({ name }: Pick<Harm, 'name'>, place: string): string =>
  place === '' ? name : `${name}: ${place}`;
export type Chance = {
  readonly between: (least: number, most: number) => number;
  readonly of: <T>(list: readonly T[]) => T;
};

export const chanceOf = (random: () => number): Chance => ({
  between: (least, most) => least + random() * (most - least),
  of: (list) => pick(list, Math.floor(random() * 1e6)),
});

export const killWorker: Harm = {
  name: 'worker killed',
  weight: 0,
  places: anywhere,
  does: async ({ workers }, chance) => (oneUp(workers, chance)?.kill() === true ? null : 'none was up'),
};

/** In a call: right after something was asked of it: it may have begun that, or done it and not said so. */
export const killApi: Harm = {
  name: 'API killed',
  weight: 0,
  places: () => ['at any moment', inACall],
  does: async ({ api, calls }, chance, place) => {
    if (place === inACall) {
      if (!(await calls.nextRequest(10_000))) return 'nothing was asked of it';
      await sleep(chance.between(0, 50));
    }
    if (!api.kill()) return 'it was not up';
    await Promise.race([api.whenUp(), sleep(120_000, undefined, { ref: false })]);
    return api.isUp() ? null : 'it did not come up again';
  },
};
const inACall = 'in a call';

/** What a list hid only whole reads tell, which take their time. */
export const liesUntil = 2 / 3;

export const harms: readonly Harm[] = [
  {
    name: 'worker frozen past its lease',
    weight: 3,
    places: anywhere,
    does: async ({ workers }, chance) => {
      const worker = oneUp(workers, chance);
      if (worker?.freeze() !== true) return 'none was up';
      await sleep(chance.between(2_000, 11_000));
      worker.thaw();
      return null;
    },
  },
  {
    name: 'Redis flushed',
    weight: 3,
    places: anywhere,
    does: async ({ redis }) => {
      await flush(redis);
      return null;
    },
  },
  {
    name: 'Redis dead, then empty',
    weight: 2,
    places: anywhere,
    does: async ({ redis }) => ((await redis.crash('nothing')) ? null : 'it was down'),
  },
  {
    name: 'MongoDB dead, then on its folder',
    weight: 3,
    places: anywhere,
    does: async ({ mongo }) => ((await mongo.crash('folder')) ? null : 'it was down'),
  },
  {
    name: 'MongoDB stopped in order, then on its folder',
    weight: 2,
    places: anywhere,
    does: async ({ mongo }) => ((await mongo.restart()) ? null : 'it was down'),
  },
  {
    name: 'line cut',
    weight: 5,
    places: onLines,
    does: async ({ lines }, { of }, place) => {
      const cut = lines[place]?.cut(of(['rst', 'fin'] as const)) ?? 0;
      return cut > 0 ? null : 'nobody was connected';
    },
  },
  ...(
    [
      ['line truncated', 4],
      ['line dead', 3],
      ['line slow', 3],
      ['line refusing', 3],
    ] as const
  ).map(
    ([name, weight]): Harm => ({
      name,
      weight,
      places: onLines,
      does: async ({ lines }, chance, place) => {
        const line = lines[place];
        const before = line?.met();
        line?.set(disturbed(name, chance));
        await sleep(chance.between(300, 6_000));
        line?.set({ state: 'clear' });
        return line?.met() === before ? 'nobody came by' : null;
      },
    }),
  ),
  {
    name: 'Graph answers with trouble',
    weight: 6,
    places: anywhere,
    does: async ({ graph }, { of, between }) => {
      graph.control.fault({ ...of(graphTrouble), nth: Math.floor(between(1, 4)), times: Math.floor(between(1, 5)) });
      return null;
    },
  },
  {
    name: 'lists that lie',
    weight: 4,
    until: liesUntil,
    places: anywhere,
    does: async ({ graph, customers, stack, lies }, { of, between }) => {
      // Who is missing in them is asked for alone before anything is done; whether somebody is switched on, and is not said, is as it was.
      const lie = of<FaultScript>([
        ...['/users\\?', '/groups\\?', '/members'].map(
          (path): FaultScript => ({ path, fault: { answer: 'part', share: between(0.2, 0.9) } }),
        ),
        { path: '/users', fault: { answer: 'without', properties: ['accountEnabled'] } },
      ]);
      graph.control.fault({ ...lie, times: null });
      await stack.api.request(of(customers).connection, { mode: 'full' }).catch(() => {});
      await sleep(between(3_000, 8_000));
      graph.control.clearFaults();
      lies.lastMs = Date.now();
      return null;
    },
  },
  {
    name: 'delta links expired',
    weight: 2,
    places: anywhere,
    does: async ({ customers }, { of }) => {
      of(customers).tenant.expireDeltaLinks();
      return null;
    },
  },
  {
    name: 'next links expired',
    weight: 1,
    places: anywhere,
    does: async ({ customers }, { of }) => {
      of(customers).tenant.expirePages();
      return null;
    },
  },
  {
    name: 'target answers with trouble',
    weight: 6,
    places: anywhere,
    does: async ({ customers }, { of, between }) => {
      const trouble = { ...of(scimTrouble), nth: Math.floor(between(1, 6)), times: Math.floor(between(1, 5)) };
      of(customers).scim.control.addFaults([trouble]);
      return null;
    },
  },
];

/** Those that may begin when so much of the storm has passed. */
export const harmsAt = (part: number): readonly Harm[] =>
  harms.filter(({ until = Number.POSITIVE_INFINITY }) => part <= until);

/** One of those that are up; a worker takes some seconds to start. */
const oneUp = (workers: readonly Slot[], { of }: Chance): Slot | undefined => {
  const up = workers.filter((worker) => worker.isUp());
  return up.length === 0 ? undefined : of(up);
};

const disturbed = (name: string, { between, of }: Chance): Line => {
  const by = of(['rst', 'fin'] as const);
  switch (name) {
    case 'line truncated':
      return {
        state: 'truncating',
        way: of(['up', 'down'] as const),
        afterBytes: Math.floor(10 ** between(0, 4.3)),
        by,
      };
    case 'line dead':
      return { state: 'black_hole' };
    case 'line slow':
      return { state: 'slow', delayMs: between(20, 300) };
    default:
      return { state: 'refusing', by };
  }
};

const graphTrouble: readonly FaultScript[] = [
  { fault: { answer: 'throttled', retryAfter: { seconds: 1 } } },
  { fault: { answer: 'throttled', retryAfter: null } },
  { fault: { answer: 'unavailable' } },
  { fault: { answer: 'gateway_timeout' } },
  { fault: { answer: 'html' } },
  { fault: { answer: 'reset' } },
  { fault: { answer: 'truncated' } },
  { path: '/delta', fault: { answer: 'no_links' } },
  { path: '/delta', fault: { answer: 'self_link' } },
  { path: '/delta', fault: { answer: 'gone' } },
  { path: 'skiptoken', fault: { answer: 'expired_page' } },
];

const scimTrouble: readonly FaultInput[] = [
  { answer: { kind: 'status', status: 429, retryAfter: { seconds: 1 } } },
  { answer: { kind: 'status', status: 500 } },
  { answer: { kind: 'status', status: 503, when: 'after' } },
  { answer: { kind: 'status', status: 500, when: 'after', body: 'html' } },
  { answer: { kind: 'reset', when: 'before' } },
  { answer: { kind: 'reset', when: 'after' } },
  { answer: { kind: 'truncated', framing: 'cut' } },
  { answer: { kind: 'html', when: 'before' } },
  { answer: { kind: 'hang', when: 'after' } },
  { method: 'POST', answer: { kind: 'no_id' } },
];
