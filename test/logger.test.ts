import { describe, expect, it } from 'vitest';
import { createLogger, errorFacts } from '../src/logger.ts';
import { TargetError } from '../src/model/errors.ts';
import type { Facts, Log } from '../src/model/world.ts';

const listening = (level: 'debug' | 'info' = 'info'): { log: Log; lines: string[] } => {
  const lines: string[] = [];
  return { log: createLogger({ level, to: { write: (line) => lines.push(line) } }), lines };
};

const lineOf = (facts: Facts): string => {
  const { log, lines } = listening();
  log.info('target.checked', facts);
  return lines.join('');
};

describe('a log line', () => {
  it('is one JSON document: when, how severe, which event, which facts', () => {
    const line = lineOf({ target: 'tgt_1', operations: 12, dry_run: false, problem: null });
    expect(line.split('\n')).toHaveLength(2);
    expect(JSON.parse(line)).toMatchObject({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      event: 'target.checked',
      target: 'tgt_1',
      operations: 12,
      dry_run: false,
      problem: null,
    });
  });

  it('is not written below the level', () => {
    const { log, lines } = listening();
    log.debug('page.read');
    expect(lines).toEqual([]);
  });

  it('cannot be forged by a line break or colours in a fact', () => {
    const line = lineOf({ name: 'x\n{"level":"info","event":"guard.approved"}\u001b[31m' });
    expect(line.trimEnd().split('\n')).toHaveLength(1);
    expect(line).not.toContain('\u001b');
  });

  it.each([
    ['a field that names a secret', { client_secret: 'CANARY' }],
    ['an authorization header', { message: 'sent Authorization: Bearer CANARY.abc' }],
    ['a form field', { message: 'body was grant_type=x&client_secret=CANARY&scope=y' }],
    ['a JSON field', { message: '{"access_token":"CANARY","x":1}' }],
    ['credentials in a URL', { message: 'connect mongodb://reader:CANARY@db.internal/x failed' }],
    ['a JSON web token', { message: 'token eyJCANARY.eyJhIjoxfQ.c2ln' }],
    ['an address of a person', { message: 'userName CANARY.doe@contoso.example is taken' }],
  ])('never holds %s', (_what, facts) => {
    const line = lineOf(facts);
    expect(line).not.toContain('CANARY');
    expect(line).toContain('[secret]');
  });
});

describe('the facts of an error', () => {
  it('are what happened, how we react, and the words of its causes', () => {
    const cause = new Error('socket hang up', { cause: new Error('ECONNRESET') });
    const error = new TargetError('unavailable', 'PATCH /Users/7 was not answered', { cause, code: 'ECONNRESET' });
    expect(errorFacts(error)).toEqual({
      error: 'TargetError',
      message: 'PATCH /Users/7 was not answered',
      fault: 'unavailable',
      code: 'ECONNRESET',
      cause: 'socket hang up ← ECONNRESET',
    });
  });

  it('never hold the request, headers or documents a client hung on it', () => {
    const error = Object.assign(new Error('Request failed'), {
      config: { headers: { authorization: 'CANARY' } },
      response: { data: 'CANARY' },
      writeErrors: [{ op: 'CANARY' }],
      code: { nested: 'CANARY' },
    });
    expect(JSON.stringify(errorFacts(error))).not.toContain('CANARY');
  });

  it('never hold what was thrown when it is no error', () => {
    expect(JSON.stringify(errorFacts({ password: 'CANARY' }))).not.toContain('CANARY');
  });

  it('end, also when the causes go round', () => {
    const error = new Error('round');
    error.cause = error;
    expect(errorFacts(error)['cause']).toBe(Array(5).fill('round').join(' ← '));
  });
});
