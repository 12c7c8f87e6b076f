/**
 * Graph answers 200 with empty properties, not 403, about objects an application may see the existence of but not read ("Limited information
 * returned for inaccessible member objects"). Taking that for cleared attributes would empty every account. So every page that shows somebody
 * proves by itself that it could be read, at whatever time of a read it comes; a last page that shows nobody is proved by a request of its own.
 */

import { SourceError } from '../../model/errors.ts';
import type { SourceId } from '../../model/ids.ts';
import type { ObjectMessage } from '../../model/source-message.ts';
import type { Ref } from '../../model/source-object.ts';
import { answered, batch } from './batch.ts';
import type { GraphClient } from './client.ts';
import { incomplete, permissionFor } from './errors.ts';
import { type Entity, listPageSchema } from './pages.ts';

/** Entra gives every user one. It is always asked for, because a page of users that all lack it comes from a lost permission. */
export const alwaysSet = 'userPrincipalName';

/**
 * Entra gives every user a switch, too. It is null for everybody where only the basic properties may be read (User.ReadBasic.All: names and mail), and
 * so is everything else. A page that leaves it out altogether says nothing of it.
 */
export const alwaysSwitched = 'accountEnabled';

/** Entra gives every group a name. It is always asked for. */
export const alwaysNamed = 'displayName';

/** What else every user has, where it is asked for. */
const everyUserHas = [alwaysSet, 'displayName', alwaysSwitched] as const;

/** Users of whom everything is shown. */
export const refuseHidden = (users: readonly Entity[]): void => {
  if (users.length === 0) return;
  if (users.every((each) => lacks(each, alwaysSet))) throw hidden('/users');
  if (users.every((each) => each[alwaysSwitched] === null)) throw onlyBasic();
};

/** Changes of users, in which a property that is not there has not changed. A change that says nothing at all is none. */
export const refuseHiddenChanges = (users: readonly Entity[]): void => {
  if (users.length === 0) return;
  if (users.every((each) => each[alwaysSet] === null || isBare(each))) throw hidden('/users');
  if (users.every((each) => each[alwaysSwitched] === null)) throw onlyBasic();
};

/** Groups, whole or changed; Entra gives each a name. */
export const refuseHiddenGroups = (groups: readonly Entity[]): void => {
  if (groups.length > 0 && groups.every((each) => each[alwaysNamed] === null)) throw hidden('/groups');
};

/** One user who shows nothing of what everybody has, among others who do: not a user whose attributes were cleared. */
export const isHidden = (user: Entity): boolean => everyUserHas.every((name) => lacks(user, name));

/** One group without the name that each has, among others: its list of members is shown as empty, too. */
export const isHiddenGroup = (group: Entity): boolean => lacks(group, alwaysNamed);

/** The same of a change, in which a name that is not there has not changed. */
export const isHiddenChange = (group: Entity): boolean => group[alwaysNamed] === null;

/** They are there; what is known of them stays. */
export const aboutHidden = (ref: Ref): ObjectMessage => ({ type: 'upsert', ref, attributes: {}, whole: false });

/** Shows that users can be read right now. Throws `SourceError` when they cannot. */
export const proveUsers = async (client: GraphClient, signal: AbortSignal): Promise<void> => {
  const { items } = await client.ask({ method: 'GET', at: proofOfUsers }, listPageSchema, signal);
  refuseHidden(items);
};

/** The same of users and groups, in one request. */
export const proveBoth = async (client: GraphClient, signal: AbortSignal): Promise<void> => {
  const questions = [proofOfUsers, proofOfGroups].map((at) => ({ method: 'GET', at }) as const);
  const [users, groups] = await batch(client, questions, signal);
  if (users === undefined || groups === undefined) throw incomplete('A proof was not answered.', 'BatchIncomplete');
  refuseHidden(answered(users, listPageSchema, '/users').items);
  refuseHiddenGroups(answered(groups, listPageSchema, '/groups').items);
};

/** A few, as one of them alone may be odd. */
export const proofOfUsers = `/users?$top=5&$select=id,${everyUserHas.join(',')}`;

/** The same of groups; gives one of them, if there are any. */
export const proveGroups = async (client: GraphClient, signal: AbortSignal): Promise<Entity | null> => {
  const { items } = await client.ask({ method: 'GET', at: proofOfGroups }, listPageSchema, signal);
  refuseHiddenGroups(items);
  return items[0] ?? null;
};

const proofOfGroups = `/groups?$top=1&$select=id,${alwaysNamed}`;

const lacks = (entity: Entity, name: string): boolean => entity[name] === null || entity[name] === undefined;

const isBare = (entity: Entity): boolean =>
  Object.keys(entity).every((name) => name === 'id' || name.startsWith('@odata.'));

const onlyBasic = (): SourceError =>
  new SourceError(
    'forbidden',
    `Graph shows the names of users and nothing else, not even whether they are switched on: the application permission ${permissionFor('/users')} is missing.`,
    { code: 'PropertiesHidden' },
  );

/** One group that a read cannot do without. */
export const hiddenGroup = (id: SourceId): SourceError =>
  new SourceError(
    'forbidden',
    `Graph shows the group ${id} without any of its properties, and nobody can say who is in it: the application permission ${permissionFor('/groups')} is missing.`,
    { code: 'PropertiesHidden' },
  );

const hidden = (template: '/users' | '/groups'): SourceError =>
  new SourceError(
    'forbidden',
    `Graph shows ${template.slice(1)} without any of their properties: the application permission ${permissionFor(template)} is missing.`,
    { code: 'PropertiesHidden' },
  );
