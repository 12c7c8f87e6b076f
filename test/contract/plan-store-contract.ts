/** What every store of plans promises, whatever it is kept in. */

import { describe, expect, it } from 'vitest';
import { PlanWritten, StaleFence } from '../../src/model/errors.ts';
import { organizationId, type PlanId, remoteId, runId, type TargetId } from '../../src/model/ids.ts';
import type { Operation } from '../../src/model/operation.ts';
import type { PlanKind } from '../../src/model/plan.ts';
import { all } from '../support/ledger-world.ts';
import { addsMembers, aGroup, creates, createsWith, disables, hostile, people, start } from '../support/operations.ts';
import {
  becomes,
  by,
  byAnna,
  type EventName,
  eventNames,
  type StandingName,
  standingNames,
  standings,
} from '../support/plan-standings.ts';
import {
  aPlan,
  aPlanId,
  aScope,
  decision,
  type OpenPlans,
  openPlanWorld,
  type PlanWorld,
  staged,
} from '../support/plan-world.ts';

export const planStoreContract = async (open: OpenPlans): Promise<void> => {
  const world = await openPlanWorld(open);
  operationsContract(world);
  plansContract(world);
  decisionsContract(world);
  keepingContract(world);
};

const dayMs = 86_400_000;
const later = (days: number): Date => new Date(start.getTime() + days * dayMs);

const operationsContract = ({ dieAt, held, plans, takenOver }: PlanWorld): void => {
  describe('the operations of a plan', () => {
    it('are kept as they were given, in an order of their own', async () => {
      const { target, lease } = await held();
      const id = aPlanId();
      const [ann, bob] = people(2);
      const odd = staged(createsWith(ann, hostile), 'object');
      await plans.stage(lease, id, [staged(disables(bob)), odd]);
      await plans.stage(lease, id, [staged(addsMembers(aGroup()), 'add_members.1')]);
      const one = await all(plans.scan({ target, id }));
      expect(one).toContainEqual(odd);
      const again = aPlanId();
      await plans.stage(lease, again, one.toReversed());
      expect(await all(plans.scan({ target, id: again }))).toEqual(one);
    });

    it('about one person are those on them, and those on groups as far as it is them, of every plan of the target', async () => {
      const { target, lease } = await held();
      const other = await held();
      const [ann, bob] = people(2);
      const adds: Operation = {
        ...addsMembers(aGroup()),
        action: 'add_members',
        remoteId: remoteId('team'),
        members: [ann, bob].map((ref) => ({ ref, remoteId: remoteId(`at-${ref.id}`) })),
      };
      const [one, two] = [aPlanId(), aPlanId()];
      await plans.stage(lease, one, [staged(disables(ann)), staged(disables(bob)), staged(adds)]);
      await plans.add(lease, aPlan(target, { id: one }));
      await plans.stage(lease, two, [staged(creates(ann))]);
      await plans.stage(other.lease, aPlanId(), [staged(disables(ann))]);
      const found = await all(plans.about(target, ann.id));
      const words = found.map(({ plan, staged: { operation } }) => [
        plan,
        operation.action,
        'members' in operation ? operation.members.map(({ ref }) => ref.id) : operation.ref.id,
      ]);
      expect(words.toSorted()).toEqual(
        [
          [one, 'add_members', [ann.id]],
          [one, 'disable', ann.id],
          [two, 'create', ann.id],
        ].toSorted(),
      );
      expect(await all(plans.about(target, people(1)[0].id))).toEqual([]);
    });

    it('know nothing of somebody who is forgotten, but where a decision is still to come', async () => {
      const { target, lease } = await held();
      const [ann, bob] = people(2);
      const [open, over, left] = [aPlanId(), aPlanId(), aPlanId()];
      for (const id of [open, over, left]) await plans.stage(lease, id, [staged(disables(ann)), staged(disables(bob))]);
      for (const [id, kind] of [
        [open, 'held'],
        [over, 'first'],
      ] as const)
        await plans.add(lease, aPlan(target, { id, kind }));
      await plans.decide(over, 'rejected', decision);
      await plans.forgetPerson(lease, ann.id);
      const about = async (id: PlanId) =>
        (await all(plans.scan({ target, id }))).map(({ operation }) => operation.ref.id);
      expect((await about(open)).toSorted()).toEqual([ann.id, bob.id].toSorted());
      expect([await about(over), await about(left)]).toEqual([[bob.id], [bob.id]]);
      await takenOver(lease);
      await expect(plans.forgetPerson(lease, ann.id)).rejects.toThrow(StaleFence);
    });

    it('are kept once for each step of an object: the last word counts', async () => {
      const { target, lease } = await held();
      const id = aPlanId();
      const [ann] = people(1);
      const [first, second, other] = [creates(ann), creates(ann), disables(ann)];
      await plans.stage(lease, id, [staged(first, 'object'), staged(other), staged(second, 'object')]);
      await plans.stage(lease, id, [staged(second, 'object')]);
      const found = await all(plans.scan({ target, id }));
      expect(found.map(({ operation }) => operation.key).toSorted()).toEqual([second.key, other.key].toSorted());
    });

    it('are found by the steps that are asked for, and by their object', async () => {
      const { target, lease } = await held();
      const id = aPlanId();
      const [ann, bob, cid] = people(3);
      const [made, off, other] = [
        staged(creates(ann), 'object'),
        staged(disables(ann)),
        staged(creates(bob), 'object'),
      ];
      await plans.stage(lease, id, [made, off, other]);
      const names = [ann, bob, cid].map((ref) => ({ ref, step: 'object' }));
      const found = await plans.steps({ target, id }, names);
      expect(found).toHaveLength(2);
      expect(found).toEqual(expect.arrayContaining([made, other]));
      const onAnn = await all(plans.stepsOn({ target, id }, ann));
      expect(onAnn).toHaveLength(2);
      expect(onAnn).toEqual(expect.arrayContaining([made, off]));
      expect(await plans.steps({ target, id: aPlanId() }, names)).toEqual([]);
    });

    it('are paged, of some actions alone where that is asked', async () => {
      const { target, lease } = await held();
      const id = aPlanId();
      const [ann, bob, cid] = people(3);
      await plans.stage(
        lease,
        id,
        [ann, bob, cid].flatMap((ref) => [staged(creates(ref), 'object'), staged(disables(ref))]),
      );
      const page = async (filter: { actions?: readonly ['disable'] }): Promise<string[][]> => {
        const pages: string[][] = [];
        let after: string | null = null;
        do {
          const { items, next } = await plans.operations({ target, id }, filter, after, 2);
          pages.push(items.map(({ operation }) => `${operation.action} ${operation.ref.id}`));
          after = next;
        } while (after !== null);
        return pages;
      };
      const whole = await page({});
      expect(whole.map((some) => some.length)).toEqual([2, 2, 2]);
      expect(new Set(whole.flat()).size).toBe(6);
      const disabled = await page({ actions: ['disable'] });
      expect(disabled.map((some) => some.length)).toEqual([2, 1]);
      expect(disabled.flat().toSorted()).toEqual([ann, bob, cid].map(({ id }) => `disable ${id}`).toSorted());
    });

    it('are paged, of one reason alone where that is asked', async () => {
      const { target, lease } = await held();
      const id = aPlanId();
      const [ann, bob] = people(2);
      const [adopted, made] = [staged(disables(ann)), staged(creates(bob), 'object')];
      await plans.stage(lease, id, [{ ...adopted, cause: { ...adopted.cause, why: 'inherited' } }, made]);
      const { items } = await plans.operations({ target, id }, { why: 'inherited' }, null, 5);
      expect(items.map(({ operation }) => operation.ref)).toEqual([ann]);
    });

    it('are read to the end, also of more than one batch', async () => {
      const { target, lease } = await held();
      const id = aPlanId();
      const many = Array.from({ length: 1_203 }, () => people(1)[0]).map((ref) => staged(disables(ref)));
      await plans.stage(lease, id, many);
      expect(await all(plans.scan({ target, id }))).toHaveLength(1_203);
      const names = many.map(({ operation: { ref }, step }) => ({ ref, step }));
      expect(await plans.steps({ target, id }, names)).toHaveLength(1_203);
    });

    it('are forgotten of one plan alone', async () => {
      const { target, lease } = await held();
      const [one, other] = [aPlanId(), aPlanId()];
      for (const id of [one, other])
        await plans.stage(
          lease,
          id,
          people(2).map((ref) => staged(disables(ref))),
        );
      await plans.unstage(lease, one);
      expect(await all(plans.scan({ target, id: one }))).toEqual([]);
      expect(await all(plans.scan({ target, id: other }))).toHaveLength(2);
    });

    it('of a worker that was taken over are refused', async () => {
      const { target, lease } = await held();
      const id = aPlanId();
      await takenOver(lease);
      await expect(
        plans.stage(
          lease,
          id,
          people(1).map((ref) => staged(disables(ref))),
        ),
      ).rejects.toThrow(StaleFence);
      await expect(plans.unstage(lease, id)).rejects.toThrow(StaleFence);
      expect(await all(plans.scan({ target, id }))).toEqual([]);
    });

    it('outlive a worker that dies, and are staged again by the next', async () => {
      const { target, lease } = await held();
      const id = aPlanId();
      const operations = people(2).map((ref) => staged(disables(ref)));
      await dieAt('plans.staged', () => plans.stage(lease, id, operations));
      await plans.stage(await takenOver(lease), id, operations);
      expect(await all(plans.scan({ target, id }))).toHaveLength(2);
    });
  });
};

const plansContract = ({ dieAt, held, plans, takenOver }: PlanWorld): void => {
  const stateOf = async (id: PlanId) => (await plans.get(id))?.standing;

  describe('a plan', () => {
    it('waits as it was written down', async () => {
      const { target, lease } = await held();
      const plan = aPlan(target, { kind: 'first', scope: aScope('uat') });
      await plans.add(lease, plan);
      expect(await plans.get(plan.id)).toEqual({ ...plan, standing: { state: 'waiting' } });
      expect(await plans.get(aPlanId())).toBeNull();
    });

    it('is known to be there, of however many are asked for', async () => {
      const { target, lease } = await held();
      const plan = aPlan(target);
      await plans.add(lease, plan);
      expect(await plans.written([plan.id, aPlanId()])).toEqual(new Set([plan.id]));
      expect(await plans.written([])).toEqual(new Set());
    });

    it('takes the place of the one that waited, whose operations are forgotten', async () => {
      const { target, lease } = await held();
      const [old, fresh] = [aPlan(target), aPlan(target)];
      await plans.stage(
        lease,
        old.id,
        people(1).map((ref) => staged(disables(ref))),
      );
      await plans.add(lease, old);
      await plans.add(lease, fresh);
      expect(await stateOf(old.id)).toEqual({ state: 'superseded', by: fresh.id });
      expect(await all(plans.scan({ target, id: old.id }))).toEqual([]);
      expect(await stateOf(fresh.id)).toEqual({ state: 'waiting' });
    });

    it('leaves plans of another kind, scope or target alone', async () => {
      const { target, lease } = await held();
      const other = await held();
      const others = [
        aPlan(target, { kind: 'first' }),
        aPlan(target, { kind: 'held', scope: aScope('uat') }),
        aPlan(target, { kind: 'held', scope: { ...aScope('uat'), nested: true } }),
      ];
      for (const plan of others) await plans.add(lease, plan);
      const elsewhere = aPlan(other.target);
      await plans.add(other.lease, elsewhere);
      await plans.add(lease, aPlan(target));
      for (const { id } of [...others, elsewhere]) expect(await stateOf(id)).toEqual({ state: 'waiting' });
      expect((await plans.newest({ target, kind: 'held', scope: aScope('uat') }))?.id).toBe(others[1]?.id);
    });

    it('written down twice waits once, and stays what it was', async () => {
      const { target, lease } = await held();
      const plan = aPlan(target);
      await plans.add(lease, plan);
      await plans.add(lease, { ...plan, hash: 'hash-2' });
      expect((await plans.list({ target }, null, 10)).items).toEqual([{ ...plan, standing: { state: 'waiting' } }]);
    });

    it('that is written down gains no operation, and loses none, whatever became of it', async () => {
      const { target, lease } = await held();
      const operations = people(2).map((ref) => staged(disables(ref)));
      const endings: readonly ((id: PlanId) => Promise<unknown>)[] = [
        async () => {},
        (id) => plans.decide(id, 'approved', decision),
        (id) => plans.decide(id, 'rejected', decision),
      ];
      for (const end of endings) {
        const plan = aPlan(target, { scope: aScope(aPlanId()) });
        await plans.stage(lease, plan.id, operations);
        await plans.add(lease, plan);
        await end(plan.id);
        await expect(
          plans.stage(
            lease,
            plan.id,
            people(1).map((ref) => staged(disables(ref))),
          ),
        ).rejects.toThrow(PlanWritten);
        await expect(plans.unstage(lease, plan.id)).rejects.toThrow(PlanWritten);
        expect(await all(plans.scan(plan))).toHaveLength(2);
      }
    });

    it('that somebody decided on meanwhile is not written down again', async () => {
      const { target, lease } = await held();
      const plan = aPlan(target);
      await plans.add(lease, plan);
      await plans.decide(plan.id, 'approved', decision);
      await plans.add(lease, { ...plan, hash: 'hash-2' });
      expect(await plans.get(plan.id)).toMatchObject({ hash: 'hash-1', standing: { state: 'approved' } });
    });

    it('broken off between the old and the new leaves nothing that waits', async () => {
      const { target, lease } = await held();
      const [old, fresh] = [aPlan(target), aPlan(target)];
      await plans.add(lease, old);
      await dieAt('plans.superseded', () => plans.add(lease, fresh));
      expect((await plans.list({ target, state: 'waiting' }, null, 10)).items).toEqual([]);
      await plans.add(await takenOver(lease), fresh);
      expect(await stateOf(fresh.id)).toEqual({ state: 'waiting' });
    });

    it('of a worker that was taken over is refused', async () => {
      const { target, lease } = await held();
      await takenOver(lease);
      const plan = aPlan(target);
      await expect(plans.add(lease, plan)).rejects.toThrow(StaleFence);
      await expect(plans.begin(lease, plan.id, plan.run)).rejects.toThrow(StaleFence);
      await expect(plans.finish(lease, plan.id, plan.run)).rejects.toThrow(StaleFence);
      await expect(plans.supersede(lease, plan.id, null)).rejects.toThrow(StaleFence);
      expect(await plans.get(plan.id)).toBeNull();
    });

    it('that is a preview stands beside one of another scope, and takes the place of one of the same', async () => {
      const { target, lease } = await held();
      const preview = (scope: string) => {
        const plan = aPlan(target, { kind: 'preview' });
        return { ...plan, basis: { ...plan.basis, scope } };
      };
      const [first, other, again] = [preview('all'), preview('groups:uat'), preview('all')];
      for (const plan of [first, other, again]) await plans.add(lease, plan);
      const states = await Promise.all([first, other, again].map(async ({ id }) => (await plans.get(id))?.standing));
      expect(states).toEqual([{ state: 'superseded', by: again.id }, { state: 'waiting' }, { state: 'waiting' }]);
    });

    it('is listed newest first, by target, kind and state', async () => {
      const { target, lease } = await held();
      const made = [aPlan(target, { kind: 'dry_run' }), aPlan(target, { kind: 'first' }), aPlan(target)];
      for (const plan of made) await plans.add(lease, plan);
      const ids = async (filter: Parameters<typeof plans.list>[0]) => {
        const found: string[] = [];
        let after: string | null = null;
        do {
          const page: Awaited<ReturnType<typeof plans.list>> = await plans.list({ target, ...filter }, after, 2);
          found.push(...page.items.map(({ id }) => id));
          after = page.next;
        } while (after !== null);
        return found;
      };
      const newest = made.map(({ id }) => id).toReversed();
      expect(await ids({})).toEqual(newest);
      expect(await ids({ kind: 'first' })).toEqual([made[1]?.id]);
      await plans.decide(made[2]?.id ?? aPlanId(), 'rejected', decision);
      expect(await ids({ state: 'waiting' })).toEqual(newest.slice(1));
      expect(await ids({ state: 'rejected' })).toEqual(newest.slice(0, 1));
      const [acme, another] = [made[0]?.organization ?? organizationId('acme'), organizationId('another')];
      expect(await ids({ organizations: [another, acme] })).toEqual(newest);
      expect(await ids({ organizations: [another] })).toEqual([]);
      expect(await ids({ organizations: [] })).toEqual([]);
    });

    it('that waits is to be decided on only where it holds something, and is no preview', async () => {
      const { target, lease } = await held();
      const one = (kind: PlanKind, counts = aPlan(target).counts) => aPlan(target, { kind, counts });
      const nothing = { create: 0, update: 0, add_members: 0, remove_members: 0, disable: 0, delete: 0 };
      const made = [
        one('held'),
        one('first', { ...nothing, remove_members: 1 }),
        one('repair'),
        one('preview'),
        one('dry_run', nothing),
        one('undo', nothing),
      ];
      for (const plan of made) await plans.add(lease, plan);
      const listed = async (filter: object) =>
        (await plans.list({ target, isToDecide: true, ...filter }, null, 10)).items.map(({ kind }) => kind);
      expect(await listed({})).toEqual(['repair', 'first', 'held']);
      expect(await listed({ kind: 'first' })).toEqual(['first']);
      expect(await listed({ kind: 'preview' })).toEqual([]);
      await plans.decide(made[0]?.id ?? aPlanId(), 'approved', decision);
      expect(await listed({})).toEqual(['repair', 'first']);
      expect(await listed({ state: 'approved' })).toEqual([]);
    });
  });
};

const decisionsContract = ({ dieAt, held, plans, takenOver }: PlanWorld): void => {
  const standing = async (id: PlanId) => (await plans.get(id))?.standing;
  const waiting = async (other: Parameters<typeof aPlan>[1] = {}) => {
    const { target, lease } = await held();
    const plan = aPlan(target, other);
    await plans.add(lease, plan);
    return { target, lease, plan };
  };

  describe('a decision', () => {
    it('is kept with who made it and why', async () => {
      const { plan } = await waiting();
      const approved = await plans.decide(plan.id, 'approved', decision);
      expect(approved).toEqual({ ...plan, standing: { state: 'approved', decision, begun: null } });
      expect(await plans.get(plan.id)).toEqual(approved);
    });

    it('is made once: of two people at the same moment one is told that it is too late', async () => {
      const { plan } = await waiting();
      const decided = await Promise.all([
        plans.decide(plan.id, 'approved', decision),
        plans.decide(plan.id, 'approved', decision),
      ]);
      expect(decided.filter((one) => one !== null)).toHaveLength(1);
    });

    it('that takes two is made by the second, with the first kept, and by nobody alone', async () => {
      const { plan } = await waiting({ approvals: 2 });
      expect(await plans.decide(plan.id, 'approved', byAnna, 2)).toEqual({
        ...plan,
        standing: { state: 'waiting', approval: byAnna },
      });
      expect(await plans.decide(plan.id, 'approved', { ...byAnna, reason: 'Once more.' }, 2)).toBeNull();
      expect(await standing(plan.id)).toEqual({ state: 'waiting', approval: byAnna });
      await plans.decide(plan.id, 'approved', by('ben'), 2);
      expect(await standing(plan.id)).toEqual({
        state: 'approved',
        decision: { ...by('ben'), first: byAnna },
        begun: null,
      });
    });

    it('that takes two, by many at the same moment, is made by two of them', async () => {
      const { plan } = await waiting({ approvals: 2 });
      const all = ['anna', 'anna', 'ben', 'carla'].map((name) => plans.decide(plan.id, 'approved', by(name), 2));
      await Promise.all(all);
      const then = await standing(plan.id);
      if (then?.state !== 'approved') throw new Error('Two approved it, and it waits.');
      expect(then.decision.first?.by).not.toBe(then.decision.by);
    });

    it('that takes two, by two at the same moment, is made by both', async () => {
      for (let nth = 0; nth < 5; nth += 1) {
        const { plan } = await waiting({ approvals: 2 });
        await Promise.all(['anna', 'ben'].map((name) => plans.decide(plan.id, 'approved', by(name), 2)));
        expect(await standing(plan.id)).toMatchObject({ state: 'approved' });
      }
    });

    it('to reject ends also what one of two approved, and says who did', async () => {
      const { plan } = await waiting({ approvals: 2 });
      await plans.decide(plan.id, 'approved', byAnna, 2);
      await plans.decide(plan.id, 'rejected', by('ben'));
      expect(await standing(plan.id)).toEqual({ state: 'rejected', decision: { ...by('ben'), first: byAnna } });
    });

    it('of one of two does not go over to the plan that takes its place', async () => {
      const { lease, target, plan } = await waiting({ approvals: 2 });
      await plans.decide(plan.id, 'approved', byAnna, 2);
      const next = aPlan(target, { approvals: 2, hash: 'hash-2' });
      await plans.add(lease, next);
      expect(await standing(plan.id)).toEqual({ state: 'superseded', by: next.id });
      expect(await standing(next.id)).toEqual({ state: 'waiting' });
    });

    it('to approve can be taken back, to reject cannot', async () => {
      const { plan } = await waiting();
      await plans.decide(plan.id, 'approved', decision);
      expect(await plans.decide(plan.id, 'rejected', decision)).toMatchObject({
        standing: { state: 'rejected', decision },
      });
      expect(await plans.decide(plan.id, 'approved', decision)).toBeNull();
      expect(await standing(plan.id)).toEqual({ state: 'rejected', decision, approval: decision, begun: null });
    });

    it('on a plan that is superseded, or not there, comes too late', async () => {
      const { lease, target, plan } = await waiting();
      await plans.add(lease, aPlan(target));
      expect(await plans.decide(plan.id, 'approved', decision)).toBeNull();
      expect(await plans.decide(aPlanId(), 'approved', decision)).toBeNull();
      expect(await standing(plan.id)).toMatchObject({ state: 'superseded' });
    });
  });

  describe('what becomes of a plan', () => {
    type Made = Awaited<ReturnType<typeof waiting>>;
    const run = runId('run_1');
    const bring: Readonly<Record<StandingName, (made: Made) => Promise<unknown>>> = {
      waiting: async () => {},
      'approved by one of two': ({ plan }) => plans.decide(plan.id, 'approved', byAnna, 2),
      approved: ({ plan }) => plans.decide(plan.id, 'approved', decision),
      begun: async (made) => {
        await bring.approved(made);
        await plans.begin(made.lease, made.plan.id, run);
      },
      rejected: ({ plan }) => plans.decide(plan.id, 'rejected', decision),
      applied: async (made) => {
        await bring.begun(made);
        await plans.finish(made.lease, made.plan.id, run);
      },
      superseded: ({ lease, plan }) => plans.supersede(lease, plan.id, null),
      refused: async (made) => {
        await bring.approved(made);
        await plans.refuse(made.plan.id, 'content_changed', start);
      },
      expired: ({ plan }) => plans.expire(plan.id, 'waiting', start),
    };
    const happen: Readonly<Record<EventName, (made: Made) => Promise<unknown>>> = {
      approve: ({ plan }) => plans.decide(plan.id, 'approved', decision),
      'approve as one of two': ({ plan }) => plans.decide(plan.id, 'approved', byAnna, 2),
      'approve as the other of two': ({ plan }) => plans.decide(plan.id, 'approved', by('ben'), 2),
      reject: ({ plan }) => plans.decide(plan.id, 'rejected', decision),
      begin: ({ lease, plan }) => plans.begin(lease, plan.id, run),
      finish: ({ lease, plan }) => plans.finish(lease, plan.id, run),
      supersede: ({ lease, plan }) => plans.supersede(lease, plan.id, null),
      refuse: ({ plan }) => plans.refuse(plan.id, 'content_changed', start),
      'take for too old while it waits': ({ plan }) => plans.expire(plan.id, 'waiting', start),
      'take for too old though it is approved': ({ plan }) => plans.expire(plan.id, 'approved', start),
    };

    it.each(standingNames)('that is %s is what the table says, whatever happens to it', async (from) => {
      for (const event of eventNames) {
        const made = await waiting();
        await bring[from](made);
        const before = await standing(made.plan.id);
        expect([event, before]).toEqual([event, standings[from]]);
        await happen[event](made);
        const after = await standing(made.plan.id);
        const becoming = becomes[from][event];
        if (becoming === undefined) expect([event, after]).toEqual([event, before]);
        else expect([event, after]).toEqual([event, expect.objectContaining({ state: becoming })]);
      }
    });

    it('is told to whoever begins it or refuses it, so that nothing is done against the word of a person', async () => {
      const { lease, plan } = await waiting();
      expect(await plans.begin(lease, plan.id, run)).toBeNull();
      expect(await plans.refuse(plan.id, 'content_changed', start)).toBeNull();
      await plans.decide(plan.id, 'approved', decision);
      expect(await plans.begin(lease, plan.id, run)).toMatchObject({ id: plan.id, standing: { begun: run } });
      await plans.decide(plan.id, 'rejected', decision);
      expect(await plans.begin(lease, plan.id, run)).toBeNull();
    });
  });

  describe('an approved plan', () => {
    const approved = async (other: Parameters<typeof aPlan>[1] = {}) => {
      const made = await waiting(other);
      await plans.decide(made.plan.id, 'approved', decision);
      return made;
    };

    it('is found by its target until it is carried out', async () => {
      const { target, lease, plan } = await approved();
      expect((await plans.approved(target))?.id).toBe(plan.id);
      await plans.begin(lease, plan.id, runId('run_2'));
      expect(await plans.approved(target)).toMatchObject({ id: plan.id, standing: { begun: 'run_2' } });
      await plans.finish(lease, plan.id, runId('run_3'));
      expect(await plans.approved(target)).toBeNull();
      expect(await standing(plan.id)).toEqual({ state: 'applied', decision, begun: 'run_3' });
    });

    it('that needed no beginning names the run that ended it', async () => {
      const { lease, plan } = await approved();
      await plans.finish(lease, plan.id, runId('run_3'));
      expect(await standing(plan.id)).toEqual({ state: 'applied', decision, begun: 'run_3' });
    });

    it('is found only when it is of the whole target, and no dry run', async () => {
      expect(await plans.approved((await approved({ kind: 'dry_run' })).target)).toBeNull();
      expect(await plans.approved((await approved({ scope: aScope('uat') })).target)).toBeNull();
      expect(await plans.approved((await approved({ kind: 'preview' })).target)).toBeNull();
    });

    it('may be superseded; one that was rejected or is carried out already may not', async () => {
      const { target, lease, plan } = await approved();
      await plans.supersede(lease, plan.id, null);
      expect(await standing(plan.id)).toEqual({ state: 'superseded', by: null });
      const other = aPlan(target);
      await plans.add(lease, other);
      await plans.decide(other.id, 'rejected', decision);
      await plans.supersede(lease, other.id, null);
      expect(await standing(other.id)).toMatchObject({ state: 'rejected' });
      await plans.begin(lease, other.id, runId('run_2'));
      await plans.finish(lease, other.id, runId('run_2'));
      expect(await standing(other.id)).toMatchObject({ state: 'rejected' });
    });

    it('stays approved when the worker dies at any step', async () => {
      const { target, lease, plan } = await approved();
      await dieAt('plans.begun', () => plans.begin(lease, plan.id, runId('run_2')));
      expect(await plans.approved(target)).toMatchObject({ id: plan.id, standing: { begun: 'run_2' } });
      const taken = await takenOver(lease);
      await dieAt('plans.finished', () => plans.finish(taken, plan.id, runId('run_3')));
      await plans.finish(taken, plan.id, runId('run_4'));
      expect(await standing(plan.id)).toEqual({ state: 'applied', decision, begun: 'run_3' });
    });
  });
};

const keepingContract = ({ clock, held, plans }: PlanWorld): void => {
  describe('plans that are over', () => {
    const keep = async (target: TargetId, ids: readonly PlanId[]): Promise<readonly PlanId[]> => {
      await plans.prune(target, later(1), later(1));
      const found = await Promise.all(ids.map((id) => plans.get(id)));
      return found.flatMap((plan) => plan?.id ?? []);
    };

    it('are removed when they are old, those that somebody waits for are not', async () => {
      const { target, lease } = await held();
      const [superseded, waits] = [aPlan(target), aPlan(target)];
      const [approved, rejected, dry, preview] = [
        aPlan(target, { kind: 'first' }),
        aPlan(target, { scope: aScope('uat') }),
        aPlan(target, { kind: 'dry_run' }),
        aPlan(target, { kind: 'preview' }),
      ];
      for (const plan of [superseded, waits, approved, rejected, dry, preview]) await plans.add(lease, plan);
      await plans.decide(approved.id, 'approved', decision);
      await plans.decide(rejected.id, 'rejected', decision);
      const young = aPlan(target, { kind: 'dry_run', createdAt: later(2), scope: aScope('other') });
      await plans.add(lease, young);
      const every = [superseded, waits, approved, rejected, dry, preview, young].map(({ id }) => id);
      expect(await keep(target, every)).toEqual([waits.id, approved.id, young.id]);
    });

    it('go with their operations, also with those of a plan that was never finished', async () => {
      const { target, lease } = await held();
      const [waits, over] = [aPlan(target), aPlan(target, { kind: 'dry_run' })];
      const unfinished = aPlanId();
      for (const id of [waits.id, over.id, unfinished])
        await plans.stage(
          lease,
          id,
          people(3).map((ref) => staged(disables(ref))),
        );
      for (const plan of [waits, over]) await plans.add(lease, plan);
      clock.now = later(2);
      const underWay = aPlanId();
      await plans.stage(
        lease,
        underWay,
        people(2).map((ref) => staged(disables(ref))),
      );
      await plans.prune(target, later(1), later(1));
      const left = async (id: PlanId) => (await all(plans.scan({ target, id }))).length;
      expect(await Promise.all([waits.id, over.id, unfinished, underWay].map(left))).toEqual([3, 0, 0, 2]);
    });

    it('go sooner of a preview, and of what was staged and never became a plan', async () => {
      const { target, lease } = await held();
      const [dry, preview] = [aPlan(target, { kind: 'dry_run' }), aPlan(target, { kind: 'preview' })];
      const unfinished = aPlanId();
      for (const id of [dry.id, preview.id, unfinished])
        await plans.stage(
          lease,
          id,
          people(3).map((ref) => staged(disables(ref))),
        );
      for (const plan of [dry, preview]) await plans.add(lease, plan);
      const left = async () => {
        const ids = [dry.id, preview.id, unfinished];
        const counts = ids.map(async (id) => (await all(plans.scan({ target, id }))).length);
        return [await plans.get(preview.id).then((plan) => plan !== null), ...(await Promise.all(counts))];
      };
      await plans.prune(target, later(-2), later(-1));
      expect(await left()).toEqual([true, 3, 3, 3]);
      await plans.prune(target, later(-2), later(1));
      expect(await left()).toEqual([false, 3, 0, 0]);
    });

    it('of a target are erased with it, those of others stay', async () => {
      const [one, other] = [await held(), await held()];
      const made = [aPlan(one.target), aPlan(other.target)] as const;
      for (const [nth, { lease }] of [one, other].entries()) {
        const plan = made[nth] ?? made[0];
        await plans.stage(
          lease,
          plan.id,
          people(1).map((ref) => staged(disables(ref))),
        );
        await plans.add(lease, plan);
      }
      await plans.erase(one.target);
      expect(await plans.get(made[0].id)).toBeNull();
      expect(await all(plans.scan(made[0]))).toEqual([]);
      expect(await plans.get(made[1].id)).not.toBeNull();
      expect(await all(plans.scan(made[1]))).toHaveLength(1);
    });

    it('are not counted among those that wait', async () => {
      const { target, lease } = await held();
      const before = await plans.countWaiting();
      const [first, over] = [aPlan(target, { kind: 'first' }), aPlan(target)];
      for (const plan of [first, over, aPlan(target, { kind: 'preview' })]) await plans.add(lease, plan);
      expect(await plans.countWaiting()).toEqual({ ...before, first: before.first + 1, held: before.held + 1 });
      await plans.decide(over.id, 'rejected', decision);
      expect(await plans.countWaiting()).toEqual({ ...before, first: before.first + 1 });
    });
  });
};
