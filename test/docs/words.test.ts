import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { problems } from '../../src/admin/api/problem.ts';
import { runState } from '../../src/admin/api/schemas/run.ts';
import { healthStatuses } from '../../src/core/health.ts';
import { targetRemedies } from '../../src/core/target-remedies.ts';
import { pages, readDoc, root } from './pages.ts';
import { codeTemplates, problemCodes } from './problem-codes.ts';

const sources = globSync('{src,workers}/**/*.ts', { cwd: root }).map((path) => readFileSync(join(root, path), 'utf8'));
const simulator = globSync('simulator/**/*.ts', { cwd: root }).map((path) => readFileSync(join(root, path), 'utf8'));
const operating = readDoc('docs/operating.md');

/** The code words in the first column of the table below a heading. */
const tableBelow = (heading: string, page = operating): readonly string[] => {
  const [, section = ''] = page.split(new RegExp(`^#+ ${heading}$`, 'm'));
  const rows = section.split(/^#/m)[0]?.match(/^\|.*$/gm) ?? [];
  return rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, word = '']) => word));
};

/** The rows of the table of problems, by their cells; the first and the last are what is outside of it. */
const problemRows = (): readonly (readonly string[])[] => {
  const [, section = ''] = operating.split(/^### Problems$/m);
  return (section.split(/^#/m)[0]?.match(/^\|.*$/gm) ?? []).slice(2).map((row) => row.split('|'));
};

describe('docs/operating.md', () => {
  it('explains every state of a run, and no other', () => {
    expect(tableBelow('What the state of a run means').toSorted()).toEqual(runState.options.toSorted());
  });

  it('explains every event of the log above debug, and no other', () => {
    const said = new Set(
      sources.flatMap((text) =>
        [...text.matchAll(/log(?:\.(?:info|warn|error)|\[[^\]]*\])\(\s*'([a-z_.]+)'/g)].map(([, event = '']) => event),
      ),
    );
    expect(said.size).toBeGreaterThan(20);
    expect(tableBelow('The log').toSorted()).toEqual([...said].toSorted());
  });

  it('names only problems and reasons that there are', () => {
    const words = [...tableBelow('Problems'), ...tableBelow('Escrow')].map((word) => word.replace(/^AADSTS/, ''));
    expect(words.length).toBeGreaterThan(15);
    const code = [...sources, ...simulator].join('\n');
    const known = problemCodes();
    expect(words.filter((word) => !known.has(word) && !code.includes(word))).toEqual([]);
  });

  it('says of every code that a check, a run or a quarantine can show what it means and who must act', () => {
    const explained = new Set(tableBelow('Problems'));
    const known = [...problemCodes()];
    expect(known.length).toBeGreaterThan(90);
    expect(known.filter((code) => !explained.has(code))).toEqual([]);
    // What is put together is known by its parts: a new one needs its rows.
    const parts = ['AADSTS…', 'HTTP …', 'http_…', 'source_…', 'target_…', '…_timeout', '…_unavailable'];
    expect(codeTemplates()).toEqual(parts.toSorted());
    const owners = /`(customer_it|your_team|microsoft|target_vendor)`|^ nobody /;
    const rows = problemRows().filter((cells) => /`/.test(cells[1] ?? ''));
    expect(rows.filter((cells) => cells.length !== 6 || !owners.test(cells[3] ?? ''))).toEqual([]);
  });

  it('names the same people as the check of a target does', () => {
    const told = new Map(
      problemRows().flatMap((cells) => [...(cells[1] ?? '').matchAll(/`(\w+)`/g)].map(([, code]) => [code, cells[3]])),
    );
    const others = Object.entries(targetRemedies).filter(([code, { owner }]) => told.get(code) !== ` \`${owner}\` `);
    expect(others).toEqual([]);
  });
});

it('the capture of make demo in the README shows the steps that it has', () => {
  const demo = readFileSync(join(root, 'scripts/demo.ts'), 'utf8');
  const shown = [...readDoc('README.md').matchAll(/^✔ ([^:,\n]+)/gm)].map(([, title = '']) => title);
  expect(shown.length).toBeGreaterThan(6);
  expect(shown.filter((title) => !demo.includes(title))).toEqual([]);
});

it('every health that a connection may have stands in the guide to the API, and no other', () => {
  expect(tableBelow('Health of a connection', readDoc('docs/api.md'))).toEqual(healthStatuses);
});

it('every code of an error stands in the guide to the API', () => {
  const guide = readDoc('docs/api.md');
  expect(Object.keys(problems).filter((code) => !guide.includes(`\`${code}\``))).toEqual([]);
});

it('no page holds what is not the product: registries, machine paths, unfinished notes', () => {
  const unwanted = /\/work\/|\/root\/|\/tmp\/|registry\.npmjs|TODO|FIXME|XXX/;
  expect(pages.filter((page) => unwanted.test(readDoc(page)))).toEqual([]);
});
