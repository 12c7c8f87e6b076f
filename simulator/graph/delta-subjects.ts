/** What a delta round is about: every object of the directory, or those that the log says something about. */

import type { Call } from './call.ts';
import type { LogEntry } from './change-log.ts';
import type { PageToken } from './delta-token.ts';
import { type Kind, kindOf, numberOf, numberOfGuid } from './object-ids.ts';
import { draw, shuffledOrder } from './random.ts';
import type { Tenant } from './tenant.ts';

/** What happened to an object within a round; `null` in a first enumeration, which shows all there is. */
export type Touched = {
  /** Created or restored: the whole object is shown. */
  whole: boolean;
  created: boolean;
  readonly properties: Set<string>;
  manager: { readonly before: number | null } | null;
  /** The last word on each member: joined or not. */
  readonly members: Map<number, boolean>;
};

export type Subject = { readonly object: number; readonly touched: Touched | null };
export type Subjects = { readonly count: number; at(place: number): Subject | null };

export function directorySubjects(call: Call, token: PageToken): Subjects {
  const kind: Kind = token.resource === 'users' ? 'user' : 'group';
  const wanted = wantedObjects(call.tenant, token);
  if (wanted !== null) {
    const objects = [...wanted].filter((object) => kindOf(object) === kind);
    return listed(objects.map((object) => ({ object, touched: null })));
  }
  const order = call.knobs.shuffle ? shuffledOrder(token.size, call.tenant.seed) : (place: number) => place;
  return { count: token.size, at: (place) => ({ object: numberOf(kind, order(place)), touched: null }) };
}

export function changedSubjects(call: Call, token: PageToken): Subjects {
  const kind: Kind = token.resource === 'users' ? 'user' : 'group';
  const wanted = wantedObjects(call.tenant, token);
  const all = changes(call.tenant, token.after, token.upTo, kind);
  const subjects = wanted === null ? all : all.filter(({ object }) => wanted.has(object));
  if (!call.knobs.shuffle) return listed(subjects);
  const order = shuffledOrder(subjects.length, draw(call.tenant.seed, token.upTo, 3));
  return { count: subjects.length, at: (place) => subjects[order(place)] ?? null };
}

const listed = (subjects: readonly Subject[]): Subjects => ({
  count: subjects.length,
  at: (place) => subjects[place] ?? null,
});

function wantedObjects(tenant: Tenant, token: PageToken): Set<number> | null {
  if (token.ids === null) return null;
  const objects = token.ids.map((id) => numberOfGuid(id, tenant.seed)).filter((object) => object !== null);
  return new Set(objects.sort((a, b) => a - b));
}

type Round = { readonly after: number; readonly upTo: number; readonly kind: Kind; readonly subjects: Subject[] };
const lastRounds = new WeakMap<Tenant, Round[]>();
const ROUNDS_KEPT = 4;

/** The pages of a round all need the same folding of the log, so the last few are kept. */
function changes(tenant: Tenant, after: number, upTo: number, kind: Kind): Subject[] {
  const kept = lastRounds.get(tenant) ?? [];
  const found = kept.find((round) => round.after === after && round.upTo === upTo && round.kind === kind);
  if (found !== undefined) return found.subjects;
  const subjects = folded(tenant.log.between(after, upTo), kind);
  lastRounds.set(tenant, [{ after, upTo, kind, subjects }, ...kept].slice(0, ROUNDS_KEPT));
  return subjects;
}

function folded(entries: readonly LogEntry[], kind: Kind): Subject[] {
  const byObject = new Map<number, Touched>();
  for (const entry of entries) {
    if (kindOf(entry.object) !== kind) continue;
    const touched = byObject.get(entry.object) ?? untouched();
    byObject.set(entry.object, touched);
    note(touched, entry);
  }
  return [...byObject].map(([object, touched]) => ({ object, touched }));
}

function note(touched: Touched, entry: LogEntry): void {
  switch (entry.what) {
    case 'created':
      touched.created = true;
      touched.whole = true;
      return;
    case 'updated':
      for (const name of entry.properties) touched.properties.add(name);
      return;
    case 'manager':
      touched.manager ??= { before: entry.before };
      return;
    case 'member':
      touched.members.set(entry.member, entry.joined);
      return;
    case 'soft_deleted':
    case 'restored':
    case 'purged':
      touched.whole = true;
  }
}

const untouched = (): Touched => ({
  whole: false,
  created: false,
  properties: new Set(),
  manager: null,
  members: new Map(),
});
