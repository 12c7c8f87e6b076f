import { describe, expect, it } from 'vitest';
import { noAnswerOf } from '../../src/core/no-answer.ts';

const broken = (code: string): Error => Object.assign(new Error('broken'), { code });
const connecting = (code: string): Error => Object.assign(broken(code), { syscall: 'connect' });

describe('a request without an answer', () => {
  it.each([
    ['ENOTFOUND', 'name_not_found'],
    ['EAI_AGAIN', 'name_server_away'],
    ['ECONNREFUSED', 'connection_refused'],
    ['UND_ERR_CONNECT_TIMEOUT', 'connect_timed_out'],
    ['EHOSTUNREACH', 'unreachable'],
    ['ENETUNREACH', 'unreachable'],
    ['CERT_HAS_EXPIRED', 'certificate_expired'],
    ['CERT_NOT_YET_VALID', 'certificate_expired'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate_of_another_host'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate_not_trusted'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate_not_trusted'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate_not_trusted'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate_not_trusted'],
    ['INVALID_CA', 'certificate_not_trusted'],
    ['CERT_REVOKED', 'certificate_not_trusted'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls_failed'],
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'tls_failed'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'tls_failed'],
    ['ERR_SSL_TLSV1_UNRECOGNIZED_NAME', 'tls_failed'],
  ])('by %s was not sent: %s', (code, by) => {
    expect(noAnswerOf(broken(code))).toEqual({ kind: 'unreachable', by, code });
  });

  // What cannot be decrypted came after the handshake, and so may have been sent what is asked.
  it.each(['ECONNRESET', 'UND_ERR_SOCKET', 'ETIMEDOUT', 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC'])(
    'by %s may have been done',
    (code) => {
      expect(noAnswerOf(broken(code))).toEqual({ kind: 'connection_lost', code });
    },
  );

  it('was not sent where the system gave up to connect', () => {
    const code = 'ETIMEDOUT';
    expect(noAnswerOf(connecting(code))).toEqual({ kind: 'unreachable', by: 'connect_timed_out', code });
    expect(noAnswerOf(connecting('EACCES'))).toEqual({ kind: 'unreachable', by: 'unreachable', code: 'EACCES' });
  });

  it('at an address of several IPs is told by the first of them', () => {
    expect(noAnswerOf(new AggregateError([broken('EHOSTUNREACH'), broken('ECONNRESET')]))).toEqual({
      kind: 'unreachable',
      by: 'unreachable',
      code: 'EHOSTUNREACH',
    });
  });

  it('at several IPs is told by what one of them met, not by a family of addresses that leads nowhere from here', () => {
    const both = [connecting('ENETUNREACH'), connecting('ECONNREFUSED')];
    expect(noAnswerOf(new AggregateError(both))).toEqual({
      kind: 'unreachable',
      by: 'connection_refused',
      code: 'ECONNREFUSED',
    });
  });

  it('at several IPs, each of which failed to connect, was not sent, also where one of them timed out', () => {
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
