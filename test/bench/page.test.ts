/** docs/performance.md says what was measured, and nothing else. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unexplained } from '../../bench/report/missed.ts';
import { renderPage } from '../../bench/report/write.ts';

const docs = join(import.meta.dirname, '../../docs');

describe('the page about performance', () => {
  it('is what the kept results make of it, with its pictures', async () => {
    const { page, pictures } = await renderPage();
    expect(readFileSync(join(docs, 'performance.md'), 'utf8')).toBe(page);
    expect(pictures.length).toBeGreaterThan(0);
    for (const { file, svg } of pictures) expect(readFileSync(join(docs, 'images', file), 'utf8')).toBe(svg);
  });

  it('leaves out no measure, and explains what does not hold', async () => {
    const { page, kept } = await renderPage();
    const ids = new Set(kept.measured.map(({ id }) => id));
    for (let nth = 1; nth <= 11; nth += 1) expect(ids).toContain(`R${nth}`);
    for (const id of ids) expect(kept.abouts.flatMap((about) => about.ids)).toContain(id.replace(/[a-z]+$/, ''));
    expect(page).not.toContain(unexplained);
  });
});
