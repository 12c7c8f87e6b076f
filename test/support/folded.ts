/** A snapshot in a few lines: what a reader makes of a source's messages, for tests of sources alone. */

import { own, sameValue } from '../../src/core/attributes.ts';
import { type SourceId, sourceId } from '../../src/model/ids.ts';
import type { Scope } from '../../src/model/scope.ts';
import type { ObjectMessage } from '../../src/model/source-message.ts';
import type { Attributes, Ref } from '../../src/model/source-object.ts';
import type { Known } from '../../src/source/source.ts';

/** What is in scope, by id: comparable with `toEqual`. */
export type View = {
  readonly users: Readonly<Record<string, Attributes>>;
  readonly groups: Readonly<Record<string, Attributes>>;
  /** Effective members: both ends are there. */
  readonly members: Readonly<Record<string, readonly string[]>>;
};

type Stored = { readonly ref: Ref; readonly attributes: Attributes };

export class Folded {
  #objects = new Map<SourceId, Stored>();
  /** Whoever was ever stored. */
  #met = new Set<SourceId>();
  #edges = new Map<SourceId, Map<SourceId, Ref>>();
  #seen = new Set<SourceId>();
  /** Objects that were told whole since the last sweep. */
  readonly told = new Set<SourceId>();

  apply(message: ObjectMessage): void {
    if (message.type === 'upsert') this.#upsert(message);
    if (message.type === 'remove') this.#objects.delete(message.ref.id);
    if (message.type !== 'members') return;
    const { members, group } = message;
    const edges = 'whole' in members ? new Map<SourceId, Ref>() : (this.#edges.get(group.id) ?? new Map());
    for (const ref of 'whole' in members ? members.whole : members.added) edges.set(ref.id, ref);
    for (const ref of 'whole' in members ? [] : members.removed) edges.delete(ref.id);
    this.#edges.set(group.id, edges);
  }

  /** After a complete full read: what was not seen is gone. */
  sweep(): void {
    for (const id of this.#objects.keys()) if (!this.#seen.has(id)) this.#objects.delete(id);
    this.#seen.clear();
    this.told.clear();
  }

  copy(): Folded {
    const copy = new Folded();
    copy.#objects = new Map(this.#objects);
    copy.#met = new Set(this.#met);
    copy.#edges = new Map([...this.#edges].map(([id, members]) => [id, new Map(members)]));
    copy.#seen = new Set(this.#seen);
    return copy;
  }

  readonly known: Known = {
    absent: async (refs) =>
      new Map(
        refs
          .filter(({ id }) => !this.#objects.has(id))
          .map(({ id }) => [id, this.#met.has(id) ? 'left' : 'never_seen']),
      ),
    groupsOf: async (ids) =>
      new Map(
        ids.flatMap((id): [SourceId, SourceId[]][] => {
          const groups = [...this.#edges].flatMap(([group, members]) => (members.has(id) ? [group] : []));
          return groups.length === 0 ? [] : [[id, groups]];
        }),
      ),
    unchanged: async (said) =>
      new Set(
        said
          .filter(({ ref, attributes }) => {
            const stored = this.#objects.get(ref.id)?.attributes;
            return stored && Object.entries(attributes).every(([name, value]) => sameValue(own(stored, name), value));
          })
          .map(({ ref }) => ref.id),
      ),
    withManager: async (ids) => new Set(ids.filter((id) => this.#objects.get(id)?.attributes['manager'] != null)),
    members: (group) => this.#members(group),
  };

  view(scope: Scope): View {
    const reach = this.#reach(scope);
    const inside = [...this.#objects.values()].filter(({ ref }) => reach?.has(ref.id) ?? true);
    const ids = new Set(inside.map(({ ref }) => ref.id));
    const of = (type: Ref['type']) => inside.filter(({ ref }) => ref.type === type).sort(byId);
    return {
      users: Object.fromEntries(of('user').map(({ ref, attributes }) => [ref.id, assigned(attributes)])),
      groups: Object.fromEntries(of('group').map(({ ref, attributes }) => [ref.id, assigned(attributes)])),
      members: Object.fromEntries(
        of('group').map(({ ref }) => [
          ref.id,
          [...(this.#edges.get(ref.id)?.keys() ?? [])].filter((id) => ids.has(id)).sort(),
        ]),
      ),
    };
  }

  async *#members(group: SourceId): AsyncGenerator<readonly Ref[]> {
    yield [...(this.#edges.get(group)?.values() ?? [])];
  }

  #upsert({ ref, attributes, whole }: Extract<ObjectMessage, { type: 'upsert' }>): void {
    const stored = this.#objects.get(ref.id);
    if (stored === undefined && !whole) return;
    this.#seen.add(ref.id);
    if (whole) this.told.add(ref.id);
    this.#met.add(ref.id);
    this.#objects.set(ref.id, { ref, attributes: { ...stored?.attributes, ...attributes } });
  }

  #reach(scope: Scope): ReadonlySet<SourceId> | null {
    if (scope.kind === 'all') return null;
    const groups = scope.groups.map((id) => sourceId(id));
    const reached = new Set(groups);
    for (const group of groups)
      for (const { id, type } of this.#edges.get(group)?.values() ?? []) {
        if (type === 'group' && !scope.nested) continue;
        if (type === 'group' && !reached.has(id)) groups.push(id);
        reached.add(id);
      }
    return reached;
  }
}

/** `null` and absent mean the same. */
export const assigned = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null));

const byId = (a: Stored, b: Stored): number => (a.ref.id < b.ref.id ? -1 : 1);
