import { describe, expect, it } from 'vitest';
import { endOf, isFresh, isOn, isSeenToBeNoted, scopesOf } from '../../src/core/sessions.ts';
import { type ApiScope, apiScopes } from '../../src/model/api-key.ts';

const start = new Date('2026-03-01T08:00:00.000Z');
const looking: readonly ApiScope[] = ['read', 'sync', 'audit'];
const minutes = (count: number): Date => new Date(start.getTime() + count * 60_000);

describe('somebody who signed in', () => {
  it('is signed out after half an hour without a call', () => {
    expect(isOn({ createdAt: start, lastSeenAt: start }, looking, minutes(29.9))).toBe(true);
    expect(isOn({ createdAt: start, lastSeenAt: start }, looking, minutes(30))).toBe(false);
    expect(isOn({ createdAt: start, lastSeenAt: minutes(20) }, looking, minutes(49))).toBe(true);
  });

  it('is signed out after twelve hours, however often they call', () => {
    const session = { createdAt: start, lastSeenAt: minutes(12 * 60 - 1) };
    expect(isOn(session, looking, minutes(12 * 60 - 0.1))).toBe(true);
    expect(isOn(session, looking, minutes(12 * 60))).toBe(false);
    expect(endOf(session, looking)).toEqual(minutes(12 * 60));
  });

  it.each(apiScopes)('and may %s is asked anew who they are after an hour, if that changes what is done', (scope) => {
    const session = { createdAt: start, lastSeenAt: minutes(59) };
    const isOver = scope === 'configure' || scope === 'approve' || scope === 'admin';
    expect(isOn(session, ['read', scope], minutes(59.9))).toBe(true);
    expect(isOn(session, ['read', scope], minutes(60))).toBe(!isOver);
    expect(endOf(session, ['read', scope])).toEqual(minutes(isOver ? 60 : 89));
  });

  it('has shown who they are just now for five minutes', () => {
    expect(isFresh({ authenticatedAt: start }, minutes(4.9))).toBe(true);
    expect(isFresh({ authenticatedAt: start }, minutes(5))).toBe(false);
  });

  it('has not shown who they are in the future, but for half a minute by which two clocks may differ', () => {
    expect(isFresh({ authenticatedAt: minutes(0.4) }, start)).toBe(true);
    for (const ahead of [0.6, 4.9, 5, 60])
      expect(isFresh({ authenticatedAt: minutes(ahead) }, start), `${ahead}`).toBe(false);
  });

  it('is noted to be there once a minute', () => {
    expect(isSeenToBeNoted({ lastSeenAt: start }, minutes(0.9))).toBe(false);
    expect(isSeenToBeNoted({ lastSeenAt: start }, minutes(1))).toBe(true);
  });
});

it('roles that are mapped give their scopes together, others nothing', () => {
  const mapping = new Map([
    ['desk', ['sync', 'read'] as const],
    ['approvers', ['approve', 'sync'] as const],
  ]);
  expect(scopesOf(['desk', 'approvers', 'staff'], mapping)).toEqual(['read', 'sync', 'approve']);
  expect(scopesOf(['staff'], mapping)).toEqual([]);
});
