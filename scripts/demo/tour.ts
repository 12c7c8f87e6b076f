// The tour of the main path: what `make demo` shows, and what its end-to-end test checks.

import { z } from 'zod';
import type { GraphSimulator } from '../../simulator/graph/index.ts';
import type { ScimSimulator } from '../../simulator/scim/index.ts';
import type { SyncedRun } from './client.ts';
import type { Stack } from './stack.ts';

export type Tour = {
  readonly stack: Pick<Stack, 'api'>;
  readonly graph: GraphSimulator;
  readonly scim: ScimSimulator;
};
export type Connected = { readonly connection: string; readonly target: string };
type Say = (line: string) => void;

/** A tenant whose app registration has the least permissions that show everything, also groups that hide their members. */
export const tourTenant = (users: number) => ({
  users,
  apps: [{ roles: ['User.Read.All', 'GroupMember.Read.All', 'Member.Read.Hidden'] }],
});

const created = z.object({ id: z.string() });

/** `autoApproveFirst`: the first run writes at once, where nobody is there to look at its plan. */
export const connect = async (
  { stack, graph, scim }: Tour,
  { autoApproveFirst = false }: { readonly autoApproveFirst?: boolean } = {},
): Promise<Connected> => {
  const [tenant] = graph.tenants;
  const app = tenant?.apps[0];
  if (tenant === undefined || app === undefined)
    throw new Error('The simulator has no tenant with an app registration.');
  const connection = await stack.api.ask('POST', '/v1/connections', created, {
    vendor: 'MS_ENTRA',
    organization_id: 'demo-customer',
    name: tenant.name,
    cloud: 'custom',
    tenant_id: tenant.tenantId,
    client_id: app.clientId,
    client_secret: app.clientSecret,
  });
  const target = await stack.api.ask('POST', `/v1/connections/${connection.id}/targets`, created, {
    kind: 'scim',
    name: 'Helpdesk',
    settings: { base_url: scim.baseUrl, token: scim.token, allow_http: true },
    auto_approve_first: autoApproveFirst,
  });
  return { connection: connection.id, target: target.id };
};

export const fullSync = ({ stack }: Tour, { connection }: Connected, say?: Say): Promise<SyncedRun> =>
  stack.api.sync(connection, { mode: 'full' }, say);

const waiting = z.object({ waiting_plan: z.string().nullable() });
const plan = z.object({ id: z.string(), hash: z.string(), kind: z.string(), counts: z.record(z.string(), z.number()) });
export type WaitingPlan = z.output<typeof plan>;

/** The plan that the target waits for. */
export const waitingPlan = async ({ stack }: Tour, { target }: Connected): Promise<WaitingPlan> => {
  const { waiting_plan: id } = await stack.api.ask('GET', `/v1/targets/${target}`, waiting);
  if (id === null) throw new Error('The target waits for no plan.');
  return await stack.api.ask('GET', `/v1/plans/${id}`, plan);
};

/** Somebody approves the plan; it is carried out when this resolves. */
export const approve = async ({ stack }: Tour, { id, hash }: WaitingPlan, say?: Say): Promise<SyncedRun> => {
  const { run } = await stack.api.ask('POST', `/v1/plans/${id}/approve`, z.object({ run: created }), {
    hash,
    reason: 'It is what we expect of a first run.',
  });
  return await stack.api.waitFor(run.id, say);
};

export const deltaSync = ({ stack }: Tour, { connection }: Connected, say?: Say): Promise<SyncedRun> =>
  stack.api.sync(connection, { mode: 'delta' }, say);

export const groupSync = ({ stack }: Tour, { connection }: Connected, group: string, say?: Say): Promise<SyncedRun> =>
  stack.api.sync(connection, { mode: 'full', scope: { group_id: group } }, say);

/** A day in the tenant: somebody comes, marries, moves, is locked out, leaves, and goes from one group. */
export const changeTenant = ({ graph }: Tour): readonly string[] => {
  const tenant = graph.control.tenant();
  const staff = tenant.users().filter((id) => isPlainEmployee(tenant.user(id)));
  const [renamed, moved, disabled, left] = staff.slice(-4);
  const team = tenant.groups().find(({ members }) => members > 5);
  if (
    renamed === undefined ||
    moved === undefined ||
    disabled === undefined ||
    left === undefined ||
    team === undefined
  )
    throw new Error('The tenant is too small for the tour.');
  const [stepsOut] = tenant.members(team.id);
  tenant.hire({ givenName: 'Zoë', surname: 'Ångström', department: 'Support' });
  tenant.rename(renamed, { surname: 'Nováková-Smith' });
  tenant.move(moved, { department: 'Facilities', manager: renamed });
  tenant.disable(disabled);
  tenant.softDelete(left);
  if (stepsOut !== undefined) tenant.leave(team.id, stepsOut);
  return [
    '1 hired',
    '1 renamed',
    '1 moved to another department and manager',
    '1 disabled',
    '1 left',
    `1 went from the group ${team.displayName}`,
  ];
};

const isPlainEmployee = (user: Readonly<Record<string, unknown>>): boolean =>
  user['accountEnabled'] === true && user['userType'] === 'Member';

/** A UAT group of three, whose members change in the tenant along with somebody outside it. */
export const prepareTestGroup = ({
  graph,
}: Tour): { readonly group: string; readonly members: readonly string[]; readonly outsider: string } => {
  const tenant = graph.control.tenant();
  const staff = tenant.users().filter((id) => isPlainEmployee(tenant.user(id)));
  const members = staff.slice(0, 3);
  const outsider = staff[3];
  if (outsider === undefined) throw new Error('The tenant is too small for the tour.');
  const group = tenant.createGroup({ displayName: 'UAT pilot', members });
  for (const id of [...members, outsider]) tenant.update(id, { jobTitle: 'Pilot tester' });
  return { group, members, outsider };
};

/** Where source and target disagree, in words; empty when the target is exactly the source in scope. */
export const disagreements = ({ graph, scim }: Tour): readonly string[] => [
  ...accountDisagreements(graph, scim),
  ...groupDisagreements(graph, scim),
];

const accountDisagreements = (graph: GraphSimulator, scim: ScimSimulator): readonly string[] => {
  const tenant = graph.control.tenant();
  const accounts = new Map(scim.control.accounts().users.map((account) => [String(account['externalId']), account]));
  const live = new Set(tenant.users());
  const wrong: string[] = [];
  for (const id of live) {
    const user = tenant.user(id);
    const account = accounts.get(id);
    if (account === undefined) {
      if (user['accountEnabled'] !== false) wrong.push(`${id} has no account`);
      continue;
    }
    if (account['active'] !== user['accountEnabled'])
      wrong.push(`${id} is ${account['active'] === true ? 'on' : 'off'} at the target`);
    if (String(account['userName']) !== user['userPrincipalName']) wrong.push(`${id} has another userName`);
    if ((account['title'] ?? null) !== (user['jobTitle'] ?? null)) wrong.push(`${id} has another title`);
  }
  for (const [id, account] of accounts)
    if (!live.has(id) && account['active'] !== false) wrong.push(`${id} left and is still on`);
  return wrong;
};

const groupDisagreements = (graph: GraphSimulator, scim: ScimSimulator): readonly string[] => {
  const tenant = graph.control.tenant();
  const { users, groups } = scim.control.accounts();
  const externalIds = new Map(
    [...users, ...groups].map((account) => [String(account['id']), String(account['externalId'])]),
  );
  const known = new Set(externalIds.values());
  const wrong: string[] = [];
  for (const group of tenant.groups()) {
    const remote = groups.find((account) => account['externalId'] === group.id);
    if (remote === undefined) {
      wrong.push(`group ${group.displayName} is not at the target`);
      continue;
    }
    const wanted = tenant
      .members(group.id)
      .filter((id) => known.has(id))
      .sort();
    const held = membersOf(remote)
      .map((id) => externalIds.get(id) ?? id)
      .sort();
    if (JSON.stringify(wanted) !== JSON.stringify(held))
      wrong.push(`group ${group.displayName} has ${held.length} members at the target instead of ${wanted.length}`);
  }
  return wrong;
};

const memberList = z.array(z.object({ value: z.string() })).default([]);
const membersOf = (group: Readonly<Record<string, unknown>>): readonly string[] =>
  memberList.parse(group['members']).map(({ value }) => value);
