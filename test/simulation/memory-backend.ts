/** A tenant behind the source in memory, with everything the port lets a source do: shorter than Graph, and free to break off anywhere. */

import { guidFrom } from '../../simulator/graph/object-ids.ts';
import { draw } from '../../simulator/graph/random.ts';
import { ResumeExpired, SourceError, WatermarkExpired } from '../../src/model/errors.ts';
import type { ObjectMessage } from '../../src/model/source-message.ts';
import type { Attributes } from '../../src/model/source-object.ts';
import { type Liberties, memoryDirectory, memorySource } from '../../src/source/memory.ts';
import type { Ask, Source, SourceEnd, SourcePage } from '../../src/source/source.ts';
import type { Backend } from './directory.ts';
import type { Fault, FaultKind } from './faults.ts';
import type { Process, Stage } from './process.ts';
import { networkMs } from './surroundings.ts';

export type MemoryHabits = Pick<Liberties, 'pageSize' | 'lag' | 'duplicate' | 'partial'> & {
  readonly shuffles: boolean;
};

const calm = { pageSize: 100, lag: 0, duplicate: false, partial: false, shuffle: null };

export const memoryBackend = (stage: Stage, seed: number, { shuffles, ...liberties }: MemoryHabits): Backend => {
  const directory = memoryDirectory({ ...liberties, shuffle: shuffles ? shuffler(seed) : null });
  const groups = new Set<string>();
  const set = (id: string, attributes: Attributes): void =>
    groups.has(id) ? directory.setGroup(id, attributes) : directory.setUser(id, attributes);
  let minted = 0;
  const mint = (): string => {
    minted += 1;
    return guidFrom(seed, 1_000 + minted);
  };
  return {
    tenantId: guidFrom(seed, 1),
    hire: (person) => {
      const id = mint();
      directory.setUser(id, { ...person, accountEnabled: true });
      return id;
    },
    change: set,
    setManager: (id, manager) => set(id, { manager }),
    recycle: (id) => directory.remove(id, 'soft_deleted'),
    restore: directory.restore,
    purge: (id) => directory.remove(id, 'deleted'),
    found: (displayName) => {
      const id = mint();
      groups.add(id);
      directory.setGroup(id, { displayName });
      return id;
    },
    join: directory.join,
    leave: directory.leave,
    expireWatermarks: directory.expireWatermarks,
    expirePlaces: directory.expireResumes,
    fallsBehind: () => {},
    calm: () => {
      Object.assign(directory.liberties, calm);
    },
    connect: (process) => overProcess(stage, process, memorySource(directory)),
    shortLists: [],
  };
};

/** Another order each time. */
const shuffler = (seed: number) => {
  let shuffled = 0;
  return (messages: readonly ObjectMessage[]): readonly ObjectMessage[] => {
    shuffled += 1;
    return messages
      .map((message, nth) => ({ message, rank: draw(seed + shuffled, nth, 77) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ message }) => message);
  };
};

const ofProcess: readonly FaultKind[] = ['crash_before', 'crash_after', 'pause'];
const ofFullPage: readonly FaultKind[] = [
  ...ofProcess,
  ...(['throttled', 'unavailable', 'truncated', 'unauthorized', 'expired_page', 'no_links'] as const),
];
/** A read may just stop, as one whose connection was closed does where nobody notices. */
const ofFull: readonly FaultKind[] = [...ofFullPage, 'cut_short'];
const ofDelta: readonly FaultKind[] = [...ofFullPage, 'expired_delta', 'cut_short'];
const ofCheck: readonly FaultKind[] = [...ofProcess, 'throttled', 'unavailable', 'unauthorized'];
/** A `partial_list` leaves some of those who were asked about without an answer. */
const ofQuestion: readonly FaultKind[] = [...ofProcess, 'throttled', 'unavailable', 'partial_list'];

const overProcess = (stage: Stage, process: Process, source: Source): Source => {
  const ask: AskOver = (site, kinds, signal, effect) =>
    process.call({
      site,
      kinds,
      latencyMs: networkMs(stage, site),
      signal,
      effect: (fault) => {
        if (fault !== null) refuseWith(fault);
        return effect(fault);
      },
    });
  return {
    check: (scope, signal) => ask('source.check', ofCheck, signal, () => source.check(scope, signal)),
    // Whoever asks that looks only: nothing that anybody does depends on it.
    lookUp: source.lookUp,
    tenant: source.tenant,
    credentialEnds: source.credentialEnds,
    deletions: (refs, signal) =>
      ask('source.deletions', ofQuestion, signal, async (fault) => {
        const found = [...(await source.deletions(refs, signal))];
        return new Set(found.filter((_, nth) => !isLost(fault, nth)));
      }),
    read: (wanted, signal) => inPages(ask, source, wanted, signal),
    confirm: (refs, scope, signal, by) =>
      ask('source.confirm', ofQuestion, signal, async (fault) => {
        const standings = [...(await source.confirm(refs, scope, signal, by))];
        return new Map(standings.map(([id, standing], nth) => [id, isLost(fault, nth) ? 'unsure' : standing]));
      }),
    everyoneIn: (groups, signal) => source.everyoneIn(groups, signal),
    confirmMembers: (group, members, signal) =>
      ask('source.confirm_members', ofQuestion, signal, async (fault) => {
        const answers = [...(await source.confirmMembers(group, members, signal))];
        return new Map(answers.filter((_, nth) => !isLost(fault, nth)));
      }),
  };
};

type AskOver = <T>(
  site: string,
  kinds: readonly FaultKind[],
  signal: AbortSignal,
  effect: (fault: Fault | null) => Promise<T>,
) => Promise<T>;

const isLost = (fault: Fault | null, nth: number): boolean =>
  fault?.kind === 'partial_list' && (fault.roll * 7_919 * (nth + 1)) % 1 < 0.5;

async function* inPages(
  ask: AskOver,
  source: Source,
  wanted: Ask,
  signal: AbortSignal,
): AsyncGenerator<SourcePage | SourceEnd> {
  const pages = source.read(wanted, signal)[Symbol.asyncIterator]();
  const { mode } = wanted.read;
  for (;;) {
    const next = await ask(`source.read ${mode}`, mode === 'full' ? ofFull : ofDelta, signal, async (fault) =>
      fault?.kind === 'cut_short' ? cutShort : await pages.next(),
    );
    if (next.done === true) return;
    yield next.value;
  }
}

const cutShort = { done: true, value: undefined } as const;

const refuseWith = ({ kind, roll }: Fault): void => {
  switch (kind) {
    case 'throttled':
      throw new SourceError('throttled', 'The source asks to wait.', { retryAfterMs: Math.ceil(roll * 60_000) });
    case 'unavailable':
      throw new SourceError('unavailable', 'The source cannot be reached.');
    case 'truncated':
    case 'no_links':
      throw new SourceError('incomplete', 'The answer was cut off.');
    case 'unauthorized':
      throw new SourceError('unauthorized', 'The client secret has expired.', { code: 'AADSTS7000222' });
    case 'expired_page':
      throw new ResumeExpired('The place is not accepted any more.');
    case 'expired_delta':
      throw new WatermarkExpired('The watermark is not accepted any more.');
    default:
  }
};
