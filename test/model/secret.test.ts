import { format, inspect } from 'node:util';
import { serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { createLogger, errorFacts } from '../../src/logger.ts';
import { type Secret, secret } from '../../src/model/secret.ts';
import type { Facts } from '../../src/model/world.ts';

const text = 'CANARY~reveal';
const hidden = secret(text);
const key = secret(Buffer.from(text));

/** Every way that we know of to have something written down. */
const ways: readonly (readonly [way: string, print: (one: Secret | Secret<Buffer>) => unknown])[] = [
  ['a template', (one) => `${one}`],
  // biome-ignore lint/style/useTemplate: it is what is tried
  ['concatenation', (one) => '' + one],
  ['String', (one) => String(one)],
  ['toString', (one) => one.toString()],
  ['toLocaleString', (one) => one.toLocaleString()],
  ['valueOf', (one) => one.valueOf()],
  ['a list that is joined', (one) => [one].join()],
  ['Number', (one) => Number(one)],
  ['JSON', (one) => JSON.stringify({ one, inside: [one] })],
  ['inspect', (one) => inspect({ one }, { depth: 9 })],
  ['inspect of all there is', (one) => inspect(one, { depth: 9, showHidden: true, getters: true })],
  ['inspect without what is custom', (one) => inspect(one, { customInspect: false, showHidden: true, depth: 9 })],
  ['%s', (one) => format('%s', one)],
  ['%o', (one) => format('%o', one)],
  ['%O', (one) => format('%O', one)],
  ['%j', (one) => format('%j', one)],
  ['%d', (one) => format('%d', one)],
  ['a spread', (one) => JSON.stringify({ ...one })],
  ['Object.assign', (one) => inspect(Object.assign({}, one), { showHidden: true })],
  ['entries', (one) => JSON.stringify(Object.entries(one))],
  ['every property there is', (one) => inspect(Object.getOwnPropertyDescriptors(one))],
  ['a structured clone', (one) => inspect(structuredClone(one), { showHidden: true, depth: 9 })],
  ['V8', (one) => serialize(one).toString('latin1')],
  ['an error', (one) => inspect(new Error(`refused: ${one}`, { cause: one }), { depth: 9 })],
  ['a query', (one) => new URLSearchParams({ one: String(one) }).toString()],
  ['a header', (one) => [...new Headers({ authorization: `Bearer ${one}` })].join()],
  ['the log', (one) => logged({ one: `${one}`, error: errorFacts(new Error(`${one}`))['message'] })],
];

const logged = (facts: Facts): string => {
  const lines: string[] = [];
  createLogger({ level: 'debug', to: { write: (line) => lines.push(line) } }).info('something', facts);
  return lines.join('');
};

describe('a secret', () => {
  it.each(ways)('is not shown by %s', (_, print) => {
    for (const one of [hidden, key]) {
      const printed = inspect(print(one), { depth: 9 });
      expect(printed).not.toContain(text);
      expect(printed).not.toContain(Buffer.from(text).toString('hex').match(/../g)?.slice(0, 5).join(' '));
    }
  });

  it('says that it is one', () => {
    expect([`${hidden}`, JSON.stringify({ hidden }), inspect({ hidden })]).toEqual([
      '[secret]',
      '{"hidden":"[secret]"}',
      '{ hidden: [secret] }',
    ]);
  });

  it('is revealed to whoever asks, and compared without', () => {
    expect(hidden.reveal()).toBe(text);
    expect([hidden.is(secret(text)), hidden.is(secret('other')), hidden.is(undefined)]).toEqual([true, false, false]);
  });
});
