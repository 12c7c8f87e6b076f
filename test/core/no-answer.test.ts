import { describe, expect, it } from 'vitest';
import { noAnswerOf } from '../../src/core/no-answer.ts';

const broken = (code: string): Error => Object.assign(new Error('broken'), { code });

describe('a request without an answer', () => {
  it.each([
    ['ECONNREFUSED', 'unreachable'],
    ['ENOTFOUND', 'unreachable'],
    ['UND_ERR_CONNECT_TIMEOUT', 'unreachable'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'unreachable'],
    ['ECONNRESET', 'connection_lost'],
    ['UND_ERR_SOCKET', 'connection_lost'],
  ])('by %s is %s', (code, kind) => {
    expect(noAnswerOf(broken(code))).toEqual({ kind, code });
  });

  it('at an address of several IPs is told by the first of them', () => {
    expect(noAnswerOf(new AggregateError([broken('EHOSTUNREACH'), broken('ECONNRESET')]))).toEqual({
      kind: 'unreachable',
      code: 'EHOSTUNREACH',
    });
  });

  it('at several IPs, each of which failed to connect, was not sent, also where one of them timed out', () => {
    const connecting = (code: string): Error => Object.assign(broken(code), { syscall: 'connect' });
    const both = [connecting('ETIMEDOUT'), connecting('ENETUNREACH')];
    expect(noAnswerOf(new AggregateError(both)).kind).toBe('unreachable');
    expect(noAnswerOf(new AggregateError([connecting('ETIMEDOUT'), broken('ECONNRESET')])).kind).toBe(
      'connection_lost',
    );
  });

  it('that took too long may have been done, and so may one of which nobody knows', () => {
    expect(noAnswerOf(new DOMException('too long', 'TimeoutError'))).toEqual({ kind: 'timed_out', code: null });
    expect(noAnswerOf(new Error('odd'))).toEqual({ kind: 'connection_lost', code: null });
    expect(noAnswerOf('odd')).toEqual({ kind: 'connection_lost', code: null });
  });
});
