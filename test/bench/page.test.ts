/** docs/performance.md says what was measured, and nothing else. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderPage } from '../../bench/report/write.ts';

const docs = join(import.meta.dirname, '../../docs');

describe('the page about performance', () => {
  it('is what the kept results make of it, with its pictures', async () => {
    const { page, pictures } = await renderPage();
    expect(readFileSync(join(docs, 'performance.md'), 'utf8')).toBe(page);
    expect(pictures.length).toBeGreaterThan(0);
    for (const { file, svg } of pictures) expect(readFileSync(join(docs, 'images', file), 'utf8')).toBe(svg);
  });
});
