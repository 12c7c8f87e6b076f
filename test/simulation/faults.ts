/** What goes wrong, where, and how often: each seed draws its own mix (swarm), and every fault that strikes has a name by which it can be left out. */

import type { Chance } from './chance.ts';

export const faultKinds = [
  // Of a process.
  'crash_before',
  'crash_after',
  'pause',
  // Of the store and the queue.
  'error',
  'answer_lost',
  'wakeup_lost',
  'wakeup_twice',
  'wakeup_late',
  // Of Graph and of targets.
  'throttled',
  'unavailable',
  'reset',
  'timeout',
  'truncated',
  'web_page',
  'unauthorized',
  // Of Graph.
  'empty_list',
  'partial_list',
  'no_links',
  'both_links',
  'self_link',
  'expired_page',
  'expired_delta',
  'null_properties',
  'hidden_switch',
  'circle',
  'refused',
  'cut_short',
  // Of targets.
  'fails_after',
  'reset_after',
  'timeout_after',
  'no_id',
  'lost_write',
  'stale_read',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** `roll`: a fraction for whatever the fault still leaves open. */
export type Fault = { readonly kind: FaultKind; readonly site: string; readonly nth: number; readonly roll: number };
/** Names one thing that chance did: `kind@site#nth`. */
export type FaultName = string;
export const nameOf = ({ kind, site, nth }: Pick<Fault, 'kind' | 'site' | 'nth'>): FaultName =>
  `${kind}@${site}#${nth}`;

/** The name taken apart. */
export const partsOf = (name: FaultName): { readonly kind: string; readonly site: string; readonly nth: number } => {
  const at = name.indexOf('@');
  const end = name.lastIndexOf('#');
  return { kind: name.slice(0, at), site: name.slice(at + 1, end), nth: Number(name.slice(end + 1)) };
};

export type Mix = Readonly<Partial<Record<FaultKind, number>>>;

export type Faults = {
  /** What strikes this call, if anything. Counts the calls of each site. */
  strike(site: string, possible: readonly FaultKind[]): Fault | null;
  /** Whether something that chance planned ahead may happen. */
  allows(name: FaultName): boolean;
  /** Whether this kind is in the mix. */
  includes(kind: FaultKind): boolean;
  /** From now on nothing strikes any more. */
  end(): void;
  /** What struck, or happened as planned, in order. */
  readonly struck: readonly FaultName[];
  /** Calls by site, and what could have struck there. */
  readonly sites: ReadonlyMap<string, SiteCount>;
};
/** `exposed`: how many of the calls came before the end, when something could strike. */
export type SiteCount = { calls: number; exposed: number; readonly possible: readonly FaultKind[] };

/** What is known of a site in one run. `rates`: of the kinds that are in the mix; `draw`: what falls at each call. */
type Place = {
  readonly count: SiteCount;
  readonly rates: readonly (readonly [FaultKind, number])[];
  readonly draw: (nth: number) => number;
};

/** `only`: the faults and edits that may happen; null: as the mix says. `aimed`: one that strikes in any case. */
export type Selection = { readonly only: ReadonlySet<FaultName> | null; readonly aimed: FaultName | null };

export const faultsOf = (chance: Chance, mix: Mix, { only, aimed }: Selection): Faults => {
  const aim = aimed === null ? null : partsOf(aimed);
  const sites = new Map<string, SiteCount>();
  const struck: FaultName[] = [];
  const places = new Map<string, Place>();
  let ended = false;

  const ratesOf = (site: string, possible: readonly FaultKind[]): Place['rates'] =>
    possible
      .filter((kind) => (mix[kind] ?? 0) > 0)
      .map((kind) => [kind, (mix[kind] ?? 0) * (isOfProcess(kind) && isPromise(site) ? promiseWeight : 1)] as const);
  const placeOf = (site: string, possible: readonly FaultKind[]): Place => {
    const known = places.get(site);
    if (known !== undefined) return known;
    const count = { calls: 0, exposed: 0, possible };
    const place = { count, rates: ratesOf(site, possible), draw: chance.of(site) };
    sites.set(site, count);
    places.set(site, place);
    return place;
  };
  const drawn = ({ rates, draw }: Place, nth: number): FaultKind | undefined => {
    if (rates.length === 0) return undefined;
    let left = draw(nth);
    return rates.find(([, rate]) => {
      left -= rate;
      return left < 0;
    })?.[0];
  };
  const wanted = (site: string, place: Place, possible: readonly FaultKind[]): FaultKind | undefined => {
    const nth = place.count.calls;
    if (aim?.site === site && aim.nth === nth) return possible.find((kind) => kind === aim.kind);
    if (only === null) return drawn(place, nth);
    return possible.find((kind) => only.has(nameOf({ kind, site, nth })));
  };

  return {
    strike: (site, possible) => {
      const place = placeOf(site, possible);
      const { count } = place;
      const nth = count.calls;
      const kind = ended ? undefined : wanted(site, place, possible);
      count.calls += 1;
      if (!ended) count.exposed = count.calls;
      if (kind === undefined) return null;
      const fault = { kind, site, nth, roll: chance.fraction(`${site} roll`, nth) };
      struck.push(nameOf(fault));
      return fault;
    },
    allows: (name) => {
      if (only !== null && !only.has(name)) return false;
      struck.push(name);
      return true;
    },
    includes: (kind) => (mix[kind] ?? 0) > 0,
    end: () => {
      ended = true;
    },
    struck,
    sites,
  };
};

const isOfProcess = (kind: FaultKind): boolean => kind === 'crash_before' || kind === 'crash_after' || kind === 'pause';

/** Where something is promised, or done in the world: there it hurts most to die. */
const isPromise = (site: string): boolean =>
  /^(write |ledger[.](intend|settle|advance|escrow|wait)|draft[.](put|record|commit)|plans[.](begin|finish|add)|runs[.](request|finish))/.test(
    site,
  ) ||
  /^(scim (connect|POST|PATCH|PUT|DELETE)|target[.](create|update|disable|delete|add_members|remove_members))/.test(
    site,
  );
const promiseWeight = 6;

/** Each kind is on or off, and if on, between rare and frequent: a mix of everything at once hides what one fault alone would show. */
export const drawMix = (chance: Chance): Mix => {
  const share = 0.15 + chance.fraction('mix share') * 0.5;
  return Object.fromEntries(
    faultKinds.flatMap((kind) => {
      if (!chance.happens(share, `mix ${kind}`)) return [];
      return [[kind, rarest[kind] * 10 ** (chance.fraction(`mix rate ${kind}`) * 1.3)]];
    }),
  );
};

/** The share of calls a kind strikes where it is rare; where it is frequent, twenty times as many. Stores are called most. */
const rarest: Readonly<Record<FaultKind, number>> = {
  crash_before: 0.0005,
  crash_after: 0.0005,
  pause: 0.0005,
  error: 0.0005,
  answer_lost: 0.0005,
  wakeup_lost: 0.02,
  wakeup_twice: 0.02,
  wakeup_late: 0.02,
  throttled: 0.01,
  unavailable: 0.01,
  reset: 0.01,
  timeout: 0.005,
  truncated: 0.01,
  web_page: 0.01,
  unauthorized: 0.001,
  empty_list: 0.01,
  partial_list: 0.02,
  no_links: 0.01,
  both_links: 0.01,
  self_link: 0.01,
  expired_page: 0.01,
  expired_delta: 0.01,
  null_properties: 0.01,
  hidden_switch: 0.01,
  circle: 0.002,
  refused: 0.01,
  cut_short: 0.01,
  fails_after: 0.01,
  reset_after: 0.01,
  timeout_after: 0.01,
  no_id: 0.02,
  lost_write: 0.01,
  stale_read: 0.01,
};
