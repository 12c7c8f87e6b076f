/** Puts bugs into the product while it is loaded. Each replaces pieces of source files; the files themselves stay as they are. */

import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Edit, plantable } from './index.ts';

export const root = join(import.meta.dirname, '../../..');

/** Everything that is loaded from now on has these bugs. */
export const plant = (names: readonly string[]): void => {
  if (names.length === 0) return;
  const byUrl = Map.groupBy(
    names.flatMap((name) => plantable(name).edits),
    ({ file }) => pathToFileURL(join(root, file)).href,
  );
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      const edits = byUrl.get(url);
      return edits === undefined ? loaded : { ...loaded, source: edits.reduce(edited, textOf(loaded.source)) };
    },
  });
};

/** Throws when the piece is not there exactly once: then the product has moved on, and the bug has to follow. */
export const edited = (source: string, { file, from, to }: Edit): string => {
  const found = source.split(from).length - 1;
  if (found !== 1) throw new Error(`In ${file} this is there ${found} times, not once: ${from}`);
  return source.replace(from, () => to);
};

const textOf = (source: unknown): string => {
  if (typeof source === 'string') return source;
  if (source instanceof Uint8Array) return Buffer.from(source).toString('utf8');
  throw new TypeError('A module was loaded without its text.');
};
