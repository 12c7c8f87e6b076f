/**
 * The truth about one tenant: who is there, and who ever was. What happens to it is told to a backend, which an Entrain reads; the history stays here,
 * for whoever judges what Entrain did.
 */

import type { Scope } from '../../src/model/scope.ts';
import type { Source } from '../../src/source/source.ts';
import type { Process } from './process.ts';

/** `recycled`: soft-deleted, and can come back. */
export type Standing = 'enabled' | 'disabled' | 'recycled' | 'gone';
export type Person = {
  readonly id: string;
  readonly standing: Standing;
  readonly userPrincipalName: string;
  readonly displayName: string;
  readonly jobTitle: string | null;
  readonly department: string | null;
  readonly manager: string | null;
};
export type Group = {
  readonly id: string;
  readonly standing: 'there' | 'recycled' | 'gone';
  readonly displayName: string;
  /** Direct members, also those in the recycle bin. */
  readonly members: ReadonlySet<string>;
};
/** Replaced as a whole by every edit. */
export type Truth = {
  readonly people: ReadonlyMap<string, Person>;
  readonly groups: ReadonlyMap<string, Group>;
};

/** What Entrain reads. The ids are minted there. */
export type Backend = {
  readonly tenantId: string;
  hire(person: Omit<Person, 'id' | 'standing'>): string;
  change(id: string, properties: Readonly<Record<string, string | boolean | null>>): void;
  setManager(id: string, manager: string | null): void;
  recycle(id: string): void;
  restore(id: string): void;
  purge(id: string): void;
  found(displayName: string): string;
  join(group: string, member: string): void;
  leave(group: string, member: string): void;
  /** From now on no watermark, or no place inside a read, is accepted that was given before. */
  expireWatermarks(): void;
  expirePlaces(): void;
  /** For so long some of those who answer know nothing of these. */
  fallsBehind(ids: readonly string[], forMs: number): void;
  /** Nothing goes wrong any more: what the source answers is true, whole and of now. */
  calm(): void;
  connect(process: Process): Source;
  /** When a list of groups, or of who is in them, showed a part of what it holds, with every sign of success. */
  readonly shortLists: readonly number[];
};

export type Directory = {
  readonly backend: Backend;
  readonly truth: () => Truth;
  /** Oldest first; each holds until the next. */
  readonly history: readonly { readonly at: number; readonly truth: Truth }[];
  hire(person: Omit<Person, 'id' | 'standing'>): string;
  change(id: string, properties: Partial<Pick<Person, (typeof plain)[number]>>): void;
  enable(id: string, enabled: boolean): void;
  setManager(id: string, manager: string | null): void;
  recycle(id: string): void;
  restore(id: string): void;
  purge(id: string): void;
  found(displayName: string): string;
  rename(group: string, displayName: string): void;
  join(group: string, member: string): void;
  leave(group: string, member: string): void;
};

const plain = ['userPrincipalName', 'displayName', 'jobTitle', 'department'] as const;

export const openDirectory = (backend: Backend, now: () => number): Directory => {
  let truth: Truth = { people: new Map(), groups: new Map() };
  const history: { at: number; truth: Truth }[] = [{ at: now(), truth }];

  const become = (next: Partial<Truth>): void => {
    truth = { ...truth, ...next };
    history.push({ at: now(), truth });
  };
  const putPerson = (id: string, change: Partial<Person>): void => {
    const person = truth.people.get(id);
    if (person !== undefined) become({ people: new Map(truth.people).set(id, { ...person, ...change }) });
  };
  const putGroup = (id: string, change: Partial<Group>): void => {
    const group = truth.groups.get(id);
    if (group !== undefined) become({ groups: new Map(truth.groups).set(id, { ...group, ...change }) });
  };
  /** Before it was recycled. */
  const enabledBefore = new Map<string, boolean>();

  return {
    backend,
    truth: () => truth,
    history,
    hire: (person) => {
      const id = backend.hire(person);
      become({ people: new Map(truth.people).set(id, { ...person, id, standing: 'enabled' }) });
      return id;
    },
    change: (id, properties) => {
      backend.change(id, properties);
      putPerson(id, properties);
    },
    enable: (id, enabled) => {
      backend.change(id, { accountEnabled: enabled });
      putPerson(id, { standing: enabled ? 'enabled' : 'disabled' });
    },
    setManager: (id, manager) => {
      backend.setManager(id, manager);
      putPerson(id, { manager });
    },
    recycle: (id) => {
      backend.recycle(id);
      enabledBefore.set(id, truth.people.get(id)?.standing !== 'disabled');
      putPerson(id, { standing: 'recycled' });
      putGroup(id, { standing: 'recycled' });
    },
    restore: (id) => {
      backend.restore(id);
      putPerson(id, { standing: enabledBefore.get(id) === false ? 'disabled' : 'enabled' });
      putGroup(id, { standing: 'there' });
    },
    purge: (id) => {
      backend.purge(id);
      become(without(truth, id));
    },
    found: (displayName) => {
      const id = backend.found(displayName);
      become({
        groups: new Map(truth.groups).set(id, { id, standing: 'there', displayName, members: new Set() }),
      });
      return id;
    },
    rename: (group, displayName) => {
      backend.change(group, { displayName });
      putGroup(group, { displayName });
    },
    join: (group, member) => {
      backend.join(group, member);
      putGroup(group, { members: new Set([...membersOf(truth, group), member]) });
    },
    leave: (group, member) => {
      backend.leave(group, member);
      putGroup(group, { members: new Set([...membersOf(truth, group)].filter((id) => id !== member)) });
    },
  };
};

/** Whoever is deleted for good leaves every group, and nobody reports to them any more. */
const without = (truth: Truth, gone: string): Truth => ({
  people: new Map(
    [...truth.people].map(([id, person]) => [
      id,
      {
        ...person,
        ...(id === gone ? { standing: 'gone' as const } : {}),
        ...(person.manager === gone ? { manager: null } : {}),
      },
    ]),
  ),
  groups: new Map(
    [...truth.groups].map(([id, group]) => [
      id,
      {
        ...group,
        ...(id === gone ? { standing: 'gone' as const, members: new Set<string>() } : {}),
        ...(id !== gone && group.members.has(gone)
          ? { members: new Set([...group.members].filter((member) => member !== gone)) }
          : {}),
      },
    ]),
  ),
});

const membersOf = (truth: Truth, group: string): ReadonlySet<string> => truth.groups.get(group)?.members ?? new Set();

export const isThere = (truth: Truth, id: string): boolean => {
  const person = truth.people.get(id);
  if (person !== undefined) return person.standing === 'enabled' || person.standing === 'disabled';
  return truth.groups.get(id)?.standing === 'there';
};

/** Who and what a scope holds, of what is there. */
export const inScope = (truth: Truth, scope: Scope): ReadonlySet<string> => {
  if (scope.kind === 'all')
    return new Set([...truth.people.keys(), ...truth.groups.keys()].filter((id) => isThere(truth, id)));
  const groups = new Set<string>(scope.groups);
  const people = new Set<string>();
  // What is added while a Set is visited is visited too.
  for (const group of groups) {
    if (!isThere(truth, group)) continue;
    for (const member of membersOf(truth, group)) {
      if (!isThere(truth, member)) continue;
      if (truth.people.has(member)) people.add(member);
      else if (scope.nested) groups.add(member);
    }
  }
  return new Set([...people, ...[...groups].filter((id) => isThere(truth, id))]);
};

/** A group of the scope that is gone was deleted by mistake as often as on purpose: as long as it is gone, nobody is known to be out of the scope. */
export const maybeInScope = (truth: Truth, scope: Scope): ReadonlySet<string> =>
  scope.kind === 'all' || scope.groups.every((id) => isThere(truth, id))
    ? inScope(truth, scope)
    : new Set([...truth.people.keys(), ...truth.groups.keys()]);
