/** The accounts of the simulated target, found by id and by the attributes that clients match on. */

import type { Filter } from './filter.ts';
import { isList, isObject, type Json, type JsonObject } from './json.ts';
import type { Member, MemberDraft, Members } from './members.ts';
import type { ResourceType } from './schemas.ts';

/** A resource is replaced, never edited; only the member list of a group lives on from version to version. */
export type Resource = {
  readonly type: ResourceType;
  readonly id: string;
  readonly attributes: JsonObject;
  readonly members: Members;
  readonly createdAt: string;
  readonly modifiedAt: string;
  readonly version: number;
};

/** What a request decided, to be committed as a whole or not at all. */
export type Change =
  | { readonly kind: 'create'; readonly after: Resource; readonly members: MemberDraft }
  | { readonly kind: 'update'; readonly before: Resource; readonly after: Resource; readonly members: MemberDraft }
  | { readonly kind: 'remove'; readonly before: Resource };

type TypeName = ResourceType['name'];

export class Store {
  readonly #resources = { User: new Map<string, Resource>(), Group: new Map<string, Resource>() };
  readonly #memberLists = new Map<string, Map<string, Member>>();
  readonly #groupsOf = new Map<string, Set<string>>();
  readonly #byAttribute = { User: indexesFor('User'), Group: indexesFor('Group') };
  #listed: { User: readonly Resource[] | null; Group: readonly Resource[] | null } = { User: null, Group: null };

  get(type: ResourceType, id: string): Resource | undefined {
    return this.#resources[type.name].get(id);
  }

  /** A user or a group. */
  find(id: string): Resource | undefined {
    return this.#resources.User.get(id) ?? this.#resources.Group.get(id);
  }

  count(type: TypeName): number {
    return this.#resources[type].size;
  }

  /** In order of creation. */
  all(type: TypeName): readonly Resource[] {
    const listed = this.#listed[type] ?? [...this.#resources[type].values()];
    this.#listed[type] = listed;
    return listed;
  }

  groupsOf(id: string): readonly Resource[] {
    return this.#among('Group', this.#groupsOf.get(id) ?? []);
  }

  withUserName(userName: string): readonly Resource[] {
    return this.#among('User', this.#byAttribute.User.get('userName')?.get(userName.toLowerCase()) ?? []);
  }

  /** Everyone who may meet the filter: few when an indexed attribute is compared for equality, else all. */
  candidates(type: TypeName, filter: Filter): readonly Resource[] {
    const ids = this.#idsFor(type, filter);
    return ids === null ? this.all(type) : this.#among(type, ids);
  }

  commit(change: Change, at: string): void {
    if (change.kind === 'remove') this.#remove(change.before, at);
    else this.#put(change.kind === 'create' ? null : change.before, change.after, change.members);
  }

  clear(): void {
    for (const type of ['User', 'Group'] as const) {
      this.#resources[type].clear();
      for (const index of this.#byAttribute[type].values()) index.clear();
    }
    this.#memberLists.clear();
    this.#groupsOf.clear();
    this.#listed = { User: null, Group: null };
  }

  #put(before: Resource | null, after: Resource, members: MemberDraft): void {
    if (after === before) return;
    if (before !== null) this.#unindex(before);
    this.#place({ ...after, members: this.#fold(after.id, members) });
  }

  #place(resource: Resource): void {
    this.#resources[resource.type.name].set(resource.id, resource);
    for (const [name, index] of this.#byAttribute[resource.type.name]) {
      for (const key of keysOf(resource, name)) index.set(key, [...(index.get(key) ?? []), resource.id]);
    }
    this.#listed[resource.type.name] = null;
  }

  #unindex(resource: Resource): void {
    for (const [name, index] of this.#byAttribute[resource.type.name]) {
      for (const key of keysOf(resource, name)) {
        const left = (index.get(key) ?? []).filter((id) => id !== resource.id);
        if (left.length === 0) index.delete(key);
        else index.set(key, left);
      }
    }
  }

  #fold(group: string, draft: MemberDraft): Members {
    if (!draft.changed) return this.#memberLists.get(group) ?? noMembers;
    const list = this.#memberLists.get(group) ?? new Map<string, Member>();
    this.#memberLists.set(group, list);
    for (const id of draft.removed) {
      list.delete(id);
      this.#groupsOf.get(id)?.delete(group);
    }
    for (const [id, member] of draft.added) {
      list.set(id, member);
      const groups = this.#groupsOf.get(id) ?? new Set();
      this.#groupsOf.set(id, groups.add(group));
    }
    return list;
  }

  /** Whoever goes leaves every group, and each of those groups has changed. */
  #remove(resource: Resource, at: string): void {
    for (const group of this.groupsOf(resource.id)) {
      this.#memberLists.get(group.id)?.delete(resource.id);
      this.#resources.Group.set(group.id, { ...group, modifiedAt: at, version: group.version + 1 });
      this.#listed.Group = null;
    }
    this.#groupsOf.delete(resource.id);
    for (const member of this.#memberLists.get(resource.id)?.values() ?? [])
      this.#groupsOf.get(member.value)?.delete(resource.id);
    this.#memberLists.delete(resource.id);
    this.#unindex(resource);
    this.#resources[resource.type.name].delete(resource.id);
    this.#listed[resource.type.name] = null;
  }

  #idsFor(type: TypeName, filter: Filter, within = ''): Iterable<string> | null {
    if (filter.kind === 'and')
      return this.#idsFor(type, filter.left, within) ?? this.#idsFor(type, filter.right, within);
    if (filter.kind === 'some') return this.#idsFor(type, filter.filter, `${filter.steps[0].name}.`);
    if (filter.kind !== 'compare' || filter.operator !== 'eq' || typeof filter.value !== 'string') return null;
    const path = within + filter.steps.map((step) => step.name).join('.');
    if (path === 'id') return [filter.value];
    if (path === 'members.value') return this.#groupsOf.get(filter.value) ?? [];
    const index = this.#byAttribute[type].get(path);
    return index === undefined ? null : (index.get(keyFor(path, filter.value)) ?? []);
  }

  #among(type: TypeName, ids: Iterable<string>): readonly Resource[] {
    return Array.from(ids, (id) => this.#resources[type].get(id)).filter((found) => found !== undefined);
  }
}

const noMembers: Members = new Map<string, Member>();

const indexed = { User: ['userName', 'externalId', 'emails.value'], Group: ['displayName', 'externalId'] } as const;

const indexesFor = (type: TypeName): ReadonlyMap<string, Map<string, readonly string[]>> =>
  new Map(indexed[type].map((name) => [name, new Map<string, readonly string[]>()]));

function keysOf(resource: Resource, name: string): readonly string[] {
  const value = name === 'emails.value' ? emailsOf(resource.attributes['emails']) : [resource.attributes[name]];
  return [...new Set(value.filter((each) => typeof each === 'string').map((each) => keyFor(name, each)))];
}

const emailsOf = (emails: Json | undefined): readonly (Json | undefined)[] =>
  isList(emails) ? emails.filter(isObject).map((email) => email['value']) : [];

/** Only externalId is case-exact among those. */
const keyFor = (name: string, value: string): string => (name === 'externalId' ? value : value.toLowerCase());
