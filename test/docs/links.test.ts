import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorOf, pages, prose, readDoc, root } from './pages.ts';

const anchorsOf = (page: string): readonly string[] =>
  [...prose(readDoc(page)).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

const linksOf = (page: string): readonly string[] =>
  [...prose(readDoc(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);

describe.each(pages)('%s', (page) => {
  const inside = linksOf(page).filter((link) => !/^[a-z]+:/.test(link));

  it('links to files and headings that are there', () => {
    const broken = inside.filter((link) => {
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? page : relative(root, join(root, dirname(page), path));
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && !anchorsOf(file).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('links to the outside by https alone', () => {
    expect(linksOf(page).filter((link) => /^[a-z]+:/.test(link) && !link.startsWith('https://'))).toEqual([]);
  });
});

it('leads from the README to every page', () => {
  const reached = new Set(['README.md']);
  for (const page of reached) {
    for (const link of linksOf(page)) {
      const file = relative(root, join(root, dirname(page), link.split('#')[0] ?? ''));
      if (pages.includes(file)) reached.add(file);
    }
  }
  expect(pages.filter((page) => !reached.has(page) && !page.startsWith('docs/decisions/'))).toEqual([]);
});
