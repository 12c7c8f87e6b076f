import { describe, expect, it } from 'vitest';
import { operationKey, remoteId, sourceId, targetId } from '../../src/model/ids.ts';
import type { Action, Link, Outcome } from '../../src/model/operation.ts';
import { user } from '../../src/model/source-object.ts';
import { activeSeen } from './active.ts';
import type { Remote } from './remote.ts';

const target = { id: targetId('tgt_1') };
const linkTo = (name: string, id: string): Link => ({
  ref: user(sourceId(name)),
  remoteId: remoteId(id),
  by: 'created',
  state: 'active',
  since: new Date(0),
  hasLeft: false,
  pushed: {},
  membersSince: null,
  membersAt: null,
});
const account = (id: string, externalId: string): Remote => ({
  id,
  type: 'user',
  externalId,
  name: externalId,
  displayName: null,
  active: true,
  title: null,
  department: null,
  manager: null,
  members: new Set(),
  stamp: '',
});

/** A target that has these, and says of those who are lost that it made them. */
const desk = ({ lost = [] }: { readonly lost?: readonly string[] }) => {
  const held = new Map<string, Remote>();
  const customer = { target, lost: new Set(lost), remote: { find: (id: string) => held.get(id) ?? null } };
  const active = activeSeen();
  const settles = (name: string, action: Action, link: Link | null): void =>
    active.noteSettled(customer, {
      key: operationKey(`${action} ${name}`),
      ref: user(sourceId(name)),
      action,
      at: new Date(0),
      result: 'applied',
      link,
    } satisfies Outcome);
  return {
    /** It does, and it is not on record yet. */
    holds: (name: string, id: string): void => {
      const after = account(id, name);
      held.set(id, after);
      active.noteEffect(customer, { before: null, after });
    },
    saysItMade: (name: string, id: string): void => settles(name, 'create', linkTo(name, id)),
    changes: (name: string, id: string): void => settles(name, 'update', linkTo(name, id)),
    showsGone: (name: string): void => settles(name, 'update', null),
    people: () => active.counts(target.id).user,
  };
};

describe('what is active at a target', () => {
  it('is also whom it said to have made, and did not, until it shows that', () => {
    const { holds, saysItMade, changes, showsGone, people } = desk({ lost: ['bob'] });
    holds('ann', 'desk-1');
    saysItMade('ann', 'desk-1');
    saysItMade('bob', 'desk-2');
    expect(people()).toBe(2);
    changes('bob', 'desk-2');
    expect(people()).toBe(2);
    showsGone('bob');
    expect(people()).toBe(1);
  });

  it('is such a one once, who is made after all', () => {
    const { holds, saysItMade, people } = desk({ lost: ['bob'] });
    saysItMade('bob', 'desk-1');
    holds('bob', 'desk-2');
    expect(people()).toBe(1);
    saysItMade('bob', 'desk-2');
    expect(people()).toBe(1);
  });

  it('is nobody of whom the record alone says that they were made', () => {
    const { saysItMade, people } = desk({});
    saysItMade('bob', 'desk-1');
    expect(people()).toBe(0);
  });
});
