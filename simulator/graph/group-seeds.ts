/**
 * The groups a tenant starts with: everybody, departments (dynamic), offices (assigned), divisions (groups of groups), a hidden
 * one, and Microsoft 365 teams to fill up.
 */

import type { Json } from './json.ts';
import { MemberList } from './member-list.ts';
import { departments, offices, teamWords } from './names.ts';
import { numberOf } from './object-ids.ts';
import { departmentAt, isGuestAt, officeAt, type People } from './people.ts';
import { draw, pick } from './random.ts';

/** A dynamic group takes in every user whose property has this value. */
export type Rule = { readonly property: string; readonly equals: Json };

export type GroupSeed = {
  readonly name: string;
  readonly sort: 'security' | 'unified';
  readonly rule: Rule | null;
  readonly hidden: boolean;
  readonly members: MemberList;
};

type Counts = {
  readonly groups: number;
  readonly teamSize: number | null;
  readonly devices: number;
  readonly servicePrincipals: number;
};

export function groupSeeds(people: People, counts: Counts): GroupSeed[] {
  const { teamSize } = counts;
  const standing = teamSize === null ? [...basicGroups(people, counts), ...divisions()] : [];
  const teams = Array.from({ length: Math.max(0, counts.groups - standing.length) }, (_, team) =>
    teamOf(people, team, teamSize),
  );
  return [...standing, ...teams].slice(0, Math.max(counts.groups, 0));
}

const DEPARTMENTS_FROM = 1;

function basicGroups(people: People, counts: Counts): GroupSeed[] {
  const everyone: number[] = [];
  const byDepartment = new Map<string, number[]>(departments.map((each) => [each.name, []]));
  const byOffice = new Map<string, number[]>(offices.map((each) => [each.name, []]));
  for (let place = 0; place < people.count; place++) {
    if (isGuestAt(people, place)) continue;
    everyone.push(place);
    byDepartment.get(departmentAt(people, place).name)?.push(place);
    byOffice.get(officeAt(people, place).name)?.push(place);
  }
  return [
    dynamic('All Employees', { property: 'userType', equals: 'Member' }, everyone),
    ...departments.map((each) =>
      dynamic(
        `Department ${each.name}`,
        { property: 'department', equals: each.name },
        byDepartment.get(each.name) ?? [],
      ),
    ),
    ...offices.map((each, index) => {
      const device = index < counts.devices ? [numberOf('device', index)] : [];
      return assigned(`Office ${each.name}`, [...(byOffice.get(each.name) ?? []), ...device]);
    }),
    {
      ...assigned('Executive Circle', everyone.slice(0, 9)),
      sort: 'unified',
      hidden: true,
    },
    assigned('Automation Accounts', [
      ...everyone.slice(0, 2),
      ...Array.from({ length: counts.servicePrincipals }, (_, index) => numberOf('servicePrincipal', index)),
    ]),
    assigned('Nobody Yet', []),
  ];
}

/** Each division holds some department groups, and the last one holds the divisions: nesting of depth three. */
function divisions(): GroupSeed[] {
  const departmentGroup = (index: number): number => numberOf('group', DEPARTMENTS_FROM + index);
  const third = Math.ceil(departments.length / 3);
  const parts = ['Research', 'Field', 'Corporate'].map((name, part) =>
    assigned(
      `Division ${name}`,
      departments
        .map((_, index) => index)
        .filter((index) => Math.floor(index / third) === part)
        .map(departmentGroup),
    ),
  );
  const first = DEPARTMENTS_FROM + departments.length + offices.length + 3;
  return [
    ...parts,
    assigned(
      'All Divisions',
      parts.map((_, part) => numberOf('group', first + part)),
    ),
  ];
}

const TEAM_SALT = 500;

function teamOf(people: People, team: number, teamSize: number | null): GroupSeed {
  const word = pick(teamWords, draw(people.seed, team, TEAM_SALT));
  const size = Math.min(people.count, teamSize ?? 3 + (draw(people.seed, team, TEAM_SALT + 1) % 40));
  const members = new Set<number>();
  for (let member = 0; member < size; member++) {
    members.add(draw(people.seed, team, TEAM_SALT + 2 + member) % people.count);
  }
  const sort = team % 4 === 3 ? 'security' : 'unified';
  return { ...assigned(`${sort === 'unified' ? 'Team' : 'Project'} ${word} ${team + 1}`, [...members]), sort };
}

const assigned = (name: string, members: readonly number[]): GroupSeed => ({
  name,
  sort: 'security',
  rule: null,
  hidden: false,
  members: new MemberList(Uint32Array.from(members).sort()),
});

const dynamic = (name: string, rule: Rule, members: readonly number[]): GroupSeed => ({
  ...assigned(name, members),
  rule,
});
