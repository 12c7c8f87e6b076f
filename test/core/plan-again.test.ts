import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Context, type ObjectPlan, planLinked, planReferences, planUnlinked } from '../../src/core/plan.ts';
import { linkAfter } from '../../src/engine/carry-out.ts';
import { remoteId, type SourceId } from '../../src/model/ids.ts';
import type { MappingRule } from '../../src/model/mapping.ts';
import type { Link } from '../../src/model/operation.ts';
import type { Attributes, SourceObject, Value } from '../../src/model/source-object.ts';
import { type Story, story } from '../support/story.ts';
import { linkTo, now, person, remote } from './builders.ts';

const value = fc.constantFrom<Value>('a', 'b', '', 0, true, false, null, [], ['x', 'y'], ['y', 'x']);
const names = ['title', 'city', 'manager', 'accountEnabled', 'phones[0]'] as const;
const attributes = fc
  .array(fc.tuple(fc.constantFrom('title', 'city', 'manager', 'accountEnabled', 'phones'), value))
  .map((entries): Attributes => Object.fromEntries(entries));
const rule: fc.Arbitrary<MappingRule> = fc
  .record({
    kind: fc.constantFrom('direct' as const, 'constant' as const, 'reference' as const),
    from: fc.constantFrom(...names),
    value,
    to: fc.constantFrom('active', 'title', 'city', 'manager', '__proto__'),
    apply: fc.constantFrom('always' as const, 'only_on_create' as const),
    whenNull: fc.constantFrom('clear' as const, 'keep' as const),
    default: value,
  })
  .map(({ kind, from, value: constant, ...rest }) =>
    kind === 'constant' ? { kind, value: constant, ...rest } : { kind, from, ...rest },
  );
const rules = fc.uniqueArray(rule, { selector: ({ to }) => to, maxLength: 5 });
const linkedTo = fc.constantFrom<readonly string[]>([], ['a'], ['a', 'b', '']);
const scene = fc.record({ attributes, rules, linked: linkedTo, pushed: attributes });

describe('what was planned and done', () => {
  let s: Story;
  beforeAll(async () => {
    s = await story();
  });
  const contextOf = (all: readonly MappingRule[], linked: readonly string[]): Context => ({
    pass: 'p',
    rules: all,
    required: ['title'],
    resolve: (id: SourceId) => (linked.includes(id) ? remoteId(`r-${id}`) : undefined),
    why: 'updated',
    now,
  });
  /** The link once every operation of the plan is settled. */
  const done = (plan: ObjectPlan, from: Link | null): Link | null => {
    if (plan.kind !== 'do') return from;
    let link = plan.adopt ?? from;
    for (const planned of plan.operations) {
      const after = linkAfter(s, { planned, link }, link?.remoteId ?? remoteId('r-new'));
      if (after !== undefined) link = after;
    }
    return link;
  };
  const nothingMore = (object: SourceObject, link: Link | null, context: Context): void => {
    if (link === null) return;
    expect(planLinked(object, link, context)).toMatchObject({ kind: 'unchanged' });
    expect(planReferences(object, link, context)).toMatchObject({ kind: 'unchanged' });
  };

  it('for somebody new is planned once', () => {
    fc.assert(
      fc.property(scene, ({ attributes: held, rules: all, linked }) => {
        const anna = person('anna', held);
        const context = contextOf(all, linked);
        nothingMore(anna, done(planUnlinked(anna, { kind: 'none' }, context), null), context);
      }),
      { numRuns: 500 },
    );
  });

  it('for an account that was there before is planned once', () => {
    fc.assert(
      fc.property(scene, ({ attributes: held, rules: all, linked, pushed }) => {
        const anna = person('anna', held);
        const context = contextOf(all, linked);
        const match = { kind: 'match', remote: remote('r-1', pushed) } as const;
        nothingMore(anna, done(planUnlinked(anna, match, context), null), context);
      }),
      { numRuns: 500 },
    );
  });

  it('for an account of ours is planned once', () => {
    fc.assert(
      fc.property(scene, ({ attributes: held, rules: all, linked, pushed }) => {
        const anna = person('anna', held);
        const context = contextOf(all, linked);
        const link = linkTo(anna.ref, { pushed });
        nothingMore(anna, done(planLinked(anna, link, context), link), context);
      }),
      { numRuns: 500 },
    );
  });
});
