/** docs/performance.md says what was measured, and nothing else. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { whereIs } from '../../bench/report/about.ts';
import { missedOf, unexplained } from '../../bench/report/missed.ts';
import { pageOf } from '../../bench/report/page.ts';
import { renderPage } from '../../bench/report/write.ts';
import { notMeasured } from '../../bench/result.ts';

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

  it('has an explanation for every row that may be missed, with every number it names', async () => {
    const { kept } = await renderPage();
    const missed = missedOf(kept.measured.map((result) => ({ ...result, ok: false }))).join('\n');
    expect(missed).not.toContain('NaN');
    for (const { id, ok, name } of kept.measured)
      if (!ok)
        expect(missedOf(kept.measured.filter((one) => one.id === id && one.name === name)).join()).not.toContain(
          unexplained,
        );
  });

  it.each(['R2', 'R7', 'R9'])('gives %s no ordinary reason when it could not be measured', (id) => {
    expect(missedOf([notMeasured(id, 'something', new Error('it broke'))]).join('\n')).toContain(unexplained);
  });

  it('says that large groups take memory, and what groups cost at Graph', async () => {
    const { page } = await renderPage();
    expect(page).toMatch(/Memory is not flat for large groups.* [\d,]+ of them .* took a worker to \d+ MB/);
    expect(page).toMatch(/takes \d+ requests \(R10\) and [\d,]+ resource units; .* [\d.]+ % of the 8,000 units/);
  });
});

describe('what the page says of its figures', () => {
  const page = async () => (await renderPage()).page;

  it('claims no rounds for tables of one run a row', async () => {
    const [, grown = ''] = (await page()).split('## Growth');
    expect(grown).toContain('one run of each row');
    expect(grown).not.toContain('5 rounds');
    expect(grown).toContain('Entrain was started with `--max-semi-space-size');
  });

  it('says at which latency the processor counts, and what of a chain is the wire', async () => {
    expect(await page()).toMatch(/At 20 ms a page .* takes \d\.\d\d of the bare chain and \d\.\d\d of a PageIterator/);
    expect(await page()).toMatch(/\d+ pages of 80 ms are [\d,]+ ms, the chain takes [\d,]+ and Entrain [\d,]+/);
  });

  it('names the size that a row with fewer people stands for', async () => {
    expect(await page()).toContain('604 of 205 requests');
  });

  it('counts begun minutes, and calls a sum a sum', async () => {
    const { kept } = await renderPage();
    const about = kept.abouts[0];
    if (about === undefined) throw new Error('Nothing is kept.');
    const one = { ...kept, abouts: [{ ...about, seconds: 61 }], whole: null };
    expect(pageOf(one, [])).toContain('Took 2 minutes.');
    expect(pageOf(one, [])).toContain('add up to 2 minutes; how long a whole run takes was not written down yet.');
    const whole = { seconds: 3_541, machine: about.machine, at: '2030-01-01', commit: 'abc1234' };
    expect(pageOf({ ...one, whole }, [])).toContain(
      'The last whole run of all measures took 60 minutes (2030-01-01, commit abc1234). With',
    );
    expect(pageOf({ ...one, whole }, [])).toContain('add up to 2; a whole run in this form was not made.');
    const late = { ...whole, seconds: 3_844, commit: about.commit };
    expect(pageOf({ ...one, whole: late }, [])).toContain(
      `took 65 minutes (2030-01-01, commit ${about.commit}), more than the 60 it may take.`,
    );
  });
});

describe('where a server is', () => {
  it.each([
    'mongodb://127.0.0.1:27017/x',
    'mongodb://user:word@localhost/x?w=majority',
    'mongodb://%2Ftmp%2Fmongodb.sock/x',
    'redis://localhost:6379',
    'redis://[::1]:6379/0',
  ])('is this machine in %s', (url) => {
    expect(whereIs(url)).toBe(' beside it on the same machine');
  });

  it.each([
    'mongodb+srv://cluster.example.net/x',
    'redis://localhost.example.net:6379',
    'mongodb://10.0.0.4,127.0.0.1/x',
  ])('is elsewhere in %s', (url) => {
    expect(whereIs(url)).toBe(' elsewhere');
  });
});
