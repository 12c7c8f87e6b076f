/** The pages of the documentation, and what stands in them. */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');
export const pages: readonly string[] = [
  'README.md',
  'CHANGELOG.md',
  ...globSync('docs/**/*.md', { cwd: root }).toSorted(),
];

export const readDoc = (page: string): string => readFileSync(join(root, page), 'utf8');

/** `language` is all that follows the opening fence. */
export type Block = { readonly language: string; readonly text: string };

export const fencedBlocks = (markdown: string): readonly Block[] =>
  [...markdown.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ language, text }));

/** The page without its fenced blocks. */
export const prose = (markdown: string): string => markdown.replaceAll(/^```[^\n]*\n.*?^```$/gms, '');

/** As GitHub makes them: letters, digits, dashes; spaces become dashes. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
