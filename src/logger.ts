/** The log: one line per event, names from the glossary, ids and counts, never a person's attributes or a secret. */

import { pino } from 'pino';
import type { LogLevel } from './config-table.ts';
import type { Facts, Log } from './model/world.ts';

type Options = { readonly level: LogLevel; readonly to?: { readonly write: (line: string) => void } };

/** Writes JSON lines to standard output, or to what is given. */
export const createLogger = ({ level, to }: Options): Log => {
  const logger = pino(
    {
      level,
      base: { pid: process.pid },
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
    },
    to ?? pino.destination(1),
  );
  return {
    debug: (event, facts) => {
      if (logger.isLevelEnabled('debug')) logger.debug(scrubbed(facts), event);
    },
    info: (event, facts) => logger.info(scrubbed(facts), event),
    warn: (event, facts) => logger.warn(scrubbed(facts), event),
    error: (event, facts) => logger.error(scrubbed(facts), event),
  };
};

/**
 * What may be told of an error: name, message, fault, code and the messages of its causes. Errors of HTTP clients and drivers carry requests,
 * headers and documents in other fields, so nothing else is ever looked at.
 */
export const errorFacts = (error: unknown): Facts => {
  if (!(error instanceof Error)) return { error: typeof error, message: 'something that is not an error was thrown' };
  return {
    error: error.name,
    message: error.message,
    fault: textOf(error, 'fault'),
    code: textOf(error, 'code'),
    cause: causesOf(error).join(' ← ') || undefined,
  };
};

const causesOf = (error: Error): string[] => {
  const messages: string[] = [];
  let cause = error.cause;
  while (cause instanceof Error && messages.length < 5) {
    messages.push(cause.message);
    cause = cause.cause;
  }
  return messages;
};

const textOf = (error: Error, name: 'fault' | 'code'): string | number | undefined => {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
};

/** The belt: nobody should log these, and if somebody does, the value is not written. */
const secretNames = [
  'api_key',
  'authorization',
  'client_secret',
  'clientSecret',
  'cookie',
  'password',
  'secret',
  'token',
  'access_token',
  'accessToken',
];

const scrubbed = (facts: Facts = {}): Facts =>
  Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, typeof value === 'string' ? scrub(value) : value]),
  );

/** The braces: secrets and addresses of people inside the words of somebody else's message. */
const scrub = (text: string): string =>
  secretShapes.reduce((clean, shape) => clean.replace(shape, '$1[secret]'), text.slice(0, longest));
const longest = 2_000;
const secretShapes = [
  /(bearer\s+)[\w.~+/=-]+/gi,
  /((?:secret|client_assertion|access_token|password)["']?\s*[=:]\s*["']?)[^\s"'&,}]+/gi,
  /(:\/\/[^\s:/@]*:)[^\s/@]+(?=@)/g,
  /()\beyJ[\w-]+\.[\w-]+\.[\w-]*/g,
  /()[\w.+'-]+@[\w-]+(?:\.[\w-]+)+/g,
];
