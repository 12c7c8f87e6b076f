/** One customer in a chaos run: a tenant in which something happens all the time, and its target, which an observer watches. */

import type { TenantControl } from '../../simulator/graph/index.ts';
import { pick } from '../../simulator/graph/random.ts';
import type { Control, ScimSimulator } from '../../simulator/scim/index.ts';
import { type History, startHistory, truthsOf } from './history.ts';
import { type Judge, judgeOf } from './judge.ts';
import type { Rules } from './rules.ts';

export type Town = {
  readonly name: string;
  readonly tenant: TenantControl;
  readonly scim: ScimSimulator;
  readonly rules: Rules;
  readonly judge: Judge;
  /** Something happens in the tenant, so many times; says what, and what is true since then, or not any more. */
  live(times?: number): { readonly what: readonly string[]; readonly turned: readonly string[] };
  /** Judges what has become of the accounts since the last time. */
  watch(): void;
};

/** People whom the sync has nothing to do with, at the target before it began. */
const theirs = {
  users: [{ userName: 'breakglass@vendor.example' }, { userName: 'robot@vendor.example', active: false }],
  groups: [{ displayName: 'Vendor administrators' }],
};

export const openTown = (tenant: TenantControl, scim: ScimSimulator, rules: Rules, random: () => number): Town => {
  const seeded = scim.control.seed(theirs);
  const unmanaged = new Set([...seeded.users, ...seeded.groups]);
  const print = theirPrint(scim.control, unmanaged);
  const history = startHistory();
  const note = (): readonly string[] => history.note(truthsOf(tenant), Date.now());
  note();
  const judge = judgeOf(tenant.name, history, unmanaged, rules);
  const changed: string[] = [];
  const size = tenant.users().length;
  let seen = 0;
  return {
    name: tenant.name,
    tenant,
    scim,
    rules,
    judge: {
      ...judge,
      get violations() {
        return [...judge.violations, ...changed];
      },
    },
    live: (times = 1) => {
      const what = Array.from({ length: times }, () => happen(tenant, size, random));
      return { what, turned: note() };
    },
    watch: () => {
      const effects = scim.control.effects(seen);
      seen = effects.at(-1)?.number ?? seen;
      judge.hear(effects);
      if (changed.length === 0 && theirPrint(scim.control, unmanaged) !== print)
        changed.push(`${tenant.name}: accounts that are not ours are not as they were`);
    },
  };
};

const theirPrint = (control: Control, ids: ReadonlySet<string>): string =>
  JSON.stringify(Object.entries(control.fingerprint().resources).filter(([id]) => ids.has(id)));

export type { History };

type Happening = { readonly weight: number; readonly does: (tenant: TenantControl, one: Chance) => string };
type Chance = {
  /** Draws from a list; an empty one gives up the happening. */
  readonly of: <T>(list: readonly T[]) => T;
  readonly random: () => number;
  /** How many people there were at first. */
  readonly size: number;
};

class Nobody extends Error {
  override readonly name = 'Nobody';
}

const happen = (tenant: TenantControl, size: number, random: () => number): string => {
  const one: Chance = {
    random,
    size,
    of: (list) => {
      if (list.length === 0) throw new Nobody('There is nobody it could happen to.');
      return pick(list, Math.floor(random() * list.length));
    },
  };
  let at = random() * total;
  const happening = happenings.find(({ weight }) => {
    at -= weight;
    return at < 0;
  });
  try {
    return happening?.does(tenant, one) ?? 'nothing';
  } catch (error) {
    if (error instanceof Nobody) return 'nothing';
    throw error;
  }
};

/** So that a town neither grows without end nor dies out: so much of what it was at first. */
const fewest = 2 / 3;
const most = 3 / 2;

const happenings: readonly Happening[] = [
  {
    weight: 12,
    does: (tenant, { random, size }) => {
      if (tenant.users().length >= most * size) return 'nothing';
      tenant.hire({ givenName: 'New', surname: `Person ${Math.floor(random() * 1e9)}`, department: 'Support' });
      return 'hire';
    },
  },
  {
    weight: 10,
    does: (tenant, { of, random }) => {
      tenant.rename(of(tenant.users()), { surname: `Renamed ${Math.floor(random() * 1e6)}` });
      return 'rename';
    },
  },
  {
    weight: 5,
    does: (tenant, { of, random }) => {
      const userPrincipalName = `married${Math.floor(random() * 1e9)}@${tenant.domain}`;
      tenant.rename(of(tenant.users()), { userPrincipalName });
      return 'rename account';
    },
  },
  {
    weight: 10,
    does: (tenant, { of, random }) => {
      const [who, manager] = [of(tenant.users()), of(tenant.users())];
      const to = {
        department: pick(departments, Math.floor(random() * 100)),
        jobTitle: `Title ${Math.floor(random() * 50)}`,
      };
      tenant.move(who, who === manager ? to : { ...to, manager });
      return 'move';
    },
  },
  {
    weight: 4,
    does: (tenant, { of }) => {
      tenant.move(of(tenant.users()), { manager: null });
      return 'lose manager';
    },
  },
  {
    weight: 10,
    does: (tenant, { of, random }) => {
      tenant.disable(of(oneEnabled(tenant, true, random)));
      return 'disable';
    },
  },
  {
    weight: 9,
    does: (tenant, { of, random }) => {
      tenant.enable(of(oneEnabled(tenant, false, random)));
      return 'enable';
    },
  },
  {
    weight: 8,
    does: (tenant, { of, size }) => {
      const users = tenant.users();
      if (users.length <= fewest * size) return 'nothing';
      const who = of(users);
      tenant.softDelete(who);
      binned(tenant).push(who);
      return 'leave';
    },
  },
  {
    weight: 4,
    does: (tenant, { of }) => {
      const who = of(binned(tenant));
      binned(tenant).splice(binned(tenant).indexOf(who), 1);
      tenant.restore(who);
      return 'come back';
    },
  },
  {
    weight: 4,
    does: (tenant, { of }) => {
      const who = of(binned(tenant));
      binned(tenant).splice(binned(tenant).indexOf(who), 1);
      tenant.hardDelete(who);
      return 'leave for good';
    },
  },
  {
    weight: 12,
    does: (tenant, { of }) => {
      tenant.join(of(teams(tenant)), of(tenant.users()));
      return 'join';
    },
  },
  {
    weight: 10,
    does: (tenant, { of }) => {
      const team = of(teams(tenant));
      tenant.leave(team, of(tenant.members(team)));
      return 'go from group';
    },
  },
  {
    weight: 3,
    does: (tenant, { of, random }) => {
      if (tenant.groups().length >= 14) return 'nothing';
      const members = [of(tenant.users()), of(tenant.users()), of(tenant.users())];
      tenant.createGroup({ displayName: `Team ${Math.floor(random() * 1e6)}`, members: [...new Set(members)] });
      return 'new group';
    },
  },
  {
    weight: 2,
    does: (tenant, { of, random }) => {
      tenant.update(of(tenant.groups()).id, { displayName: `Renamed team ${Math.floor(random() * 1e6)}` });
      return 'rename group';
    },
  },
  {
    weight: 2,
    does: (tenant, { of }) => {
      const groups = teams(tenant);
      if (groups.length <= 5) return 'nothing';
      tenant.deleteGroup(of(groups));
      return 'end group';
    },
  },
];
const total = happenings.reduce((sum, { weight }) => sum + weight, 0);
const departments = ['Finance', 'Sales', 'Engineering', 'People', 'Legal'];

/** One of them, found from a random place on: in a large tenant nobody looks at everybody for that. */
const oneEnabled = (tenant: TenantControl, is: boolean, random: () => number): readonly string[] => {
  const users = tenant.users();
  const from = Math.floor(random() * users.length);
  const found = [...users.slice(from), ...users.slice(0, from)].find((id) => tenant.user(id)['accountEnabled'] === is);
  return found === undefined ? [] : [found];
};
/** Membership of the others follows a rule, or is hidden. */
const teams = (tenant: TenantControl): readonly string[] =>
  tenant
    .groups()
    .map(({ id }) => id)
    .filter((id) => {
      const { groupTypes, visibility } = tenant.group(id);
      return !JSON.stringify(groupTypes ?? []).includes('Dynamic') && visibility !== 'HiddenMembership';
    });

const bins = new WeakMap<TenantControl, string[]>();
const binned = (tenant: TenantControl): string[] => {
  const found = bins.get(tenant) ?? [];
  bins.set(tenant, found);
  return found;
};
