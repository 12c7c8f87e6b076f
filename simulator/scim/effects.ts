/** What truly became of the accounts, commit by commit, whoever asked for it in whatever words and whatever was answered. */

import { type JsonObject, sameJson } from './json.ts';
import type { MemberDraft } from './members.ts';
import type { Change, Resource } from './store.ts';

export type Effect = {
  /** Grows with each effect. */
  readonly number: number;
  readonly at: string;
  readonly type: 'User' | 'Group';
  readonly id: string;
  readonly externalId: string | null;
  readonly what: What;
  /** Attributes that are since then what they were not before, members apart; null: has none any more. */
  readonly wrote: JsonObject;
};

export type What =
  | { readonly kind: 'created' | 'deleted' | 'switched_on' | 'switched_off' | 'changed' }
  /** Ids of members; who goes because the account was deleted is not among them. */
  | { readonly kind: 'joined' | 'left'; readonly members: readonly string[] };

const MOST_KEPT = 200_000;

export class Effects {
  #effects: Effect[] = [];
  #issued = 0;

  /** To be called before the commit: afterwards the member list is another one. */
  note(change: Change, at: string): void {
    const { type, id, attributes } = change.kind === 'remove' ? change.before : change.after;
    const externalId = attributes['externalId'];
    const wrote = writtenBy(change);
    for (const what of effectsOf(change)) {
      this.#issued += 1;
      this.#effects.push({
        number: this.#issued,
        at,
        type: type.name,
        id,
        externalId: typeof externalId === 'string' ? externalId : null,
        what,
        wrote,
      });
    }
    if (this.#effects.length > 2 * MOST_KEPT) this.#effects = this.#effects.slice(-MOST_KEPT);
  }

  /** Oldest first, those with a greater number than this. */
  after(number: number): readonly Effect[] {
    const first = this.#effects[0]?.number ?? 0;
    return this.#effects.slice(Math.max(0, number + 1 - first));
  }
}

function effectsOf(change: Change): readonly What[] {
  if (change.kind === 'remove') return [{ kind: 'deleted' }];
  if (change.kind === 'create') return [{ kind: 'created' }, ...membersIn(change.members)];
  const { before, after, members } = change;
  if (before === after) return [];
  const moved = isOn(before) === isOn(after) ? [] : [{ kind: isOn(after) ? 'switched_on' : 'switched_off' } as const];
  const own = moved.length > 0 || members.changed ? moved : [{ kind: 'changed' } as const];
  return [...own, ...membersIn(members)];
}

function writtenBy(change: Change): JsonObject {
  if (change.kind === 'remove') return {};
  const { attributes: after } = change.after;
  if (change.kind === 'create') return after;
  const { attributes: before } = change.before;
  if (before === after) return {};
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const moved = [...names].filter((name) => !sameJson(before[name] ?? null, after[name] ?? null));
  return Object.fromEntries(moved.map((name) => [name, after[name] ?? null]));
}

const membersIn = (members: MemberDraft): readonly What[] => [
  ...(members.added.size === 0 ? [] : [{ kind: 'joined', members: [...members.added.keys()] } as const]),
  ...(members.removed.size === 0 ? [] : [{ kind: 'left', members: [...members.removed] } as const]),
];

/** An account of which nothing is said is on. */
const isOn = ({ attributes }: Resource): boolean => attributes['active'] !== false;
