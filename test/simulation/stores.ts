/**
 * The stores as one process sees them: each call, and each of the writes that a call consists of, is a place where the process may die, sleep or be
 * left without an answer. The state is that of the stores in memory, shared by all processes.
 */

import type { Draft, SnapshotStore } from '../../src/store/snapshot-store.ts';
import type { Stores } from '../../src/store/stores.ts';
import type { Fault, FaultKind } from './faults.ts';
import type { Process, Stage } from './process.ts';

/** The database could not be reached, or did not answer: no fault of a tenant or a target. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** What a store was asked and answered; called when it took effect. */
export type Witness = (site: string, asked: readonly unknown[], answer: unknown, by: Process) => void;

/** What is asked of a draft is followed by the draft. */
export const isDraft = (value: unknown): value is Draft =>
  typeof value === 'object' && value !== null && 'base' in value && 'commit' in value;

export const storesOf = (stage: Stage, process: Process, stores: Stores, witness: Witness): Stores => {
  const around = { process, witness, latencyMs: latenciesOf(stage) };
  return {
    installation: watched(around, 'installation', stores.installation),
    apiKeys: watched(around, 'apiKeys', stores.apiKeys),
    calls: watched(around, 'calls', stores.calls),
    audit: watched(around, 'audit', stores.audit),
    consents: watched(around, 'consents', stores.consents),
    setupLinks: watched(around, 'setupLinks', stores.setupLinks),
    sessions: watched(around, 'sessions', stores.sessions),
    leases: watched(around, 'leases', stores.leases),
    snapshots: withDrafts(around, watched(around, 'snapshots', stores.snapshots)),
    ledger: watched(around, 'ledger', stores.ledger),
    connections: watched(around, 'connections', stores.connections),
    targets: watched(around, 'targets', stores.targets),
    sealed: watched(around, 'sealed', stores.sealed),
    runs: watched(around, 'runs', stores.runs),
    plans: watched(around, 'plans', stores.plans),
    discrepancies: watched(around, 'discrepancies', stores.discrepancies),
    events: watched(around, 'events', stores.events),
    webhooks: watched(around, 'webhooks', stores.webhooks),
    deliveries: watched(around, 'deliveries', stores.deliveries),
    subscriptions: watched(around, 'subscriptions', stores.subscriptions),
  };
};

/** One write of a call that makes several. */
export const writesWithin = (stage: Stage): ((name: string) => Promise<void> | undefined) => {
  const latencyMs = latenciesOf(stage);
  return (name) => {
    const site = siteOfWrite(name);
    return stage.current?.call({ site, kinds: ofProcess, latencyMs: latencyMs(site), effect: nothingMore });
  };
};

const nothingMore = (): void => {};

const sitesOfWrites = new Map<string, string>();

/** The same text each time: looking up one that was put together anew takes longer than the rest of a write. */
const siteOfWrite = (name: string): string => {
  const known = sitesOfWrites.get(name);
  if (known !== undefined) return known;
  const site = `write ${name}`;
  sitesOfWrites.set(name, site);
  return site;
};

type Around = {
  readonly process: Process;
  readonly witness: Witness;
  readonly latencyMs: (site: string) => number;
};

const ofProcess: readonly FaultKind[] = ['crash_before', 'crash_after', 'pause'];
const ofRead: readonly FaultKind[] = ['crash_before', 'pause', 'error'];
const ofWrite: readonly FaultKind[] = [...ofProcess, 'error', 'answer_lost'];

/** Whatever else is asked writes something. */
const reads: ReadonlySet<string> = new Set([
  ...['head', 'find', 'recall', 'recallPage', 'named', 'page', 'changesPage', 'committedBy', 'holds', 'present'],
  ...['position', 'links', 'linkedRemotes', 'about', 'ownersOf', 'countLinks', 'countActive', 'taken'],
  ...['escrows', 'countEscrows', 'entries', 'entry', 'noticed'],
  ...['get', 'list', 'of', 'secrets', 'count', 'countOlder', 'dataKeysAsked', 'next'],
  ...['steps', 'operations', 'newest', 'approved', 'countWaiting'],
]);

type Watched = Stores & { readonly draft: Draft };
type SequencesOf<T> = {
  [Name in keyof T]: T[Name] extends (...asked: never[]) => AsyncIterable<unknown> ? Name : never;
}[keyof T];

/** What answers with a sequence: one that a store gains does not compile before it is here. */
const sequences: { readonly [Name in keyof Watched]: Readonly<Record<SequencesOf<Watched[Name]>, true>> } = {
  installation: {},
  apiKeys: {},
  calls: { proofs: true },
  audit: { scan: true },
  consents: {},
  sealed: {},
  setupLinks: { proofs: true },
  sessions: {},
  leases: {},
  snapshots: {
    ...{ scan: true, members: true, groupsOf: true, changesAfter: true },
    ...{ changesAbout: true, leftBefore: true },
  },
  ledger: {
    ...{ scanLinks: true, linkedIds: true, disabledBefore: true, openIntents: true, dueEscrows: true },
    ...{ waitingOn: true, waitingFor: true, entriesAbout: true },
  },
  connections: { all: true },
  targets: {},
  runs: { unfinished: true, missing: true },
  plans: { stepsOn: true, scan: true, about: true },
  discrepancies: { seen: true, scan: true, about: true },
  events: { about: true },
  webhooks: {},
  deliveries: {},
  subscriptions: {},
  draft: { members: true, groupsOf: true, unseen: true, scan: true, touched: true, touchedMembers: true },
};

/** Put together once and plain: it is asked thousands of times, and spread by whoever replaces some of it. */
const watched = <Name extends keyof Watched>(around: Around, name: Name, inner: Watched[Name]): Watched[Name] => {
  const seen = { ...inner };
  for (const [method, value] of Object.entries(inner)) {
    if (typeof value !== 'function') continue;
    const site = `${name}.${method}`;
    const kinds = reads.has(method) ? ofRead : ofWrite;
    const ask = (asked: readonly unknown[]): unknown => Reflect.apply(value, inner, asked);
    const watching = Object.hasOwn(sequences[name], method)
      ? (...asked: readonly unknown[]) => readSequence(around, site, () => ask(asked))
      : (...asked: readonly unknown[]) => askOnce(around, site, kinds, asked, ask);
    Reflect.set(seen, method, watching);
  }
  return seen;
};

const askOnce = (
  { process, witness, latencyMs }: Around,
  site: string,
  kinds: readonly FaultKind[],
  asked: readonly unknown[],
  ask: (asked: readonly unknown[]) => unknown,
): Promise<unknown> =>
  process.call({
    site,
    kinds,
    latencyMs: latencyMs(site),
    effect: async (fault) => {
      refuseIfDown(fault, site);
      const answer: unknown = await ask(asked);
      witness(site, asked, answer, process);
      if (fault?.kind === 'answer_lost') throw new StoreUnavailable(`no answer to ${site}`);
      return answer;
    },
  });

/** Asked for when its first part is, as a cursor is. */
async function* readSequence(
  { process, latencyMs }: Around,
  site: string,
  ask: () => unknown,
): AsyncGenerator<unknown> {
  const opened = ask();
  if (!isSequence(opened)) throw new TypeError(`${site} does not answer with a sequence.`);
  const parts = opened[Symbol.asyncIterator]();
  let part = await process.call({
    site,
    kinds: ofRead,
    latencyMs: latencyMs(site),
    effect: (fault) => {
      refuseIfDown(fault, site);
      return parts.next();
    },
  });
  while (part.done !== true) {
    yield part.value;
    part = await parts.next();
  }
}

const isSequence = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

const withDrafts = (around: Around, snapshots: SnapshotStore): SnapshotStore => ({
  ...snapshots,
  begin: async (...asked) => {
    const draft = await snapshots.begin(...asked);
    // Whoever looks on wants to know of which draft it is.
    const witness: Witness = (site, of, answer, by) => around.witness(site, [...of, draft], answer, by);
    // To look at a draft as if it were committed asks nothing of the database yet.
    return { ...watched({ ...around, witness }, 'draft', draft), asCommitted: draft.asCommitted };
  },
});

const refuseIfDown = (fault: Fault | null, site: string): void => {
  if (fault?.kind === 'error') throw new StoreUnavailable(`cannot be reached for ${site}`);
};

/** A few milliseconds, now and then a second. */
const latenciesOf = ({ chance, faults }: Stage): Around['latencyMs'] => {
  const draw = chance.of('latency of a store');
  return (site) => {
    const fraction = draw((faults.sites.get(site)?.calls ?? 0) + site.length * 1_000);
    return fraction > 0.998 ? 1_000 : 1 + Math.floor(fraction * 5);
  };
};
