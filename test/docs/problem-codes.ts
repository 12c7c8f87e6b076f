/** Every code that a check, a run, a quarantine or the health of a connection can show, as the code of the product has them. */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { targetRemedies } from '../../src/core/target-remedies.ts';
import { root } from './pages.ts';

const rooms = ['src/{core,engine,source,target}/**/*.ts', 'src/admin/{prove-consent,consent-problems}.ts'];

/** What is put together from a state or a fault, and what is a name of its own in a type (`KeysFault`). */
const putTogether = [
  ...['paused', 'quarantined'].map((state) => `target_${state}`),
  ...['throttled', 'unavailable', 'incomplete', 'unauthorized', 'forbidden'].map((fault) => `source_${fault}`),
  ...['throttled', 'unavailable', 'unknown', 'conflict', 'gone', 'rejected', 'unauthorized'].map(
    (fault) => `target_${fault}`,
  ),
  ...['source', 'target'].map((of) => `${of}_timeout`),
  ...Object.keys(targetRemedies),
  ...['key_vault_unreachable', 'key_vault_refused', 'key_unknown'],
  'login_unreachable',
];

/** Literals after `code:`; the last word of `incomplete(what, code)`; the first of `problem(code, owner, message)`. */
const literals = (text: string): readonly string[] => [
  ...[...text.matchAll(/\bcode: ([^,\n{}]+)/g)].flatMap(([, value = '']) => value.match(/(?<=')\w+(?=')/g) ?? []),
  ...[...text.matchAll(/\bincomplete\([^;]*?'(\w+)'(?:, cause)?\)/g)].map(([, code = '']) => code),
  ...[...text.matchAll(/\bproblem\(\s*'(\w+)',\s*'/g)].map(([, code = '']) => code),
];

const texts = (): readonly string[] =>
  rooms.flatMap((room) => globSync(room, { cwd: root })).map((path) => readFileSync(join(root, path), 'utf8'));

export const problemCodes = (): ReadonlySet<string> => new Set([...putTogether, ...texts().flatMap(literals)]);

/** How codes are put together, with … for what is put in. */
export const codeTemplates = (): readonly string[] => {
  const found = texts().flatMap((text) =>
    [...text.matchAll(/\bcode(?: =|:) ?[^\n]*/g)].flatMap(([line]) => line.match(/(?<=`)[^`\n]+(?=`)/g) ?? []),
  );
  const templates = found.filter((template) => /^[\w ${}.]+$/.test(template) && /\$\{/.test(template));
  return [...new Set(templates.map((template) => template.replaceAll(/\$\{[^}]*\}/g, '…')))].toSorted();
};
