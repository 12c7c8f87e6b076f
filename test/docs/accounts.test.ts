import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fencedBlocks, readDoc, root } from './pages.ts';

/** Files of `store/mongo` name each collection once: as a constant, or where it is opened. */
const inSource = (): readonly string[] => {
  const texts = globSync('src/store/mongo/*.ts', { cwd: root }).map((path) => readFileSync(join(root, path), 'utf8'));
  return texts.flatMap((text) => {
    const named = [...text.matchAll(/^(?:export )?const \w*[nN]ame = '(\w+)';$/gm)];
    const opened = [...text.matchAll(/\.collection(?:<[^(]*>)?\('(\w+)'\)/g)];
    return [...named, ...opened].map(([, name = '']) => name);
  });
};

describe('the rights of the account at MongoDB', () => {
  const [script = ''] = fencedBlocks(readDoc('docs/operating.md'))
    .map(({ text }) => text)
    .filter((text) => text.includes('createRole'));
  const changed = [...(/const changed = \[(.*?)\];/s.exec(script)?.[1] ?? '').matchAll(/'(\w+)'/g)].map(
    ([, name = '']) => name,
  );

  it('are given for every collection there is, and in the audit log to read and add alone', () => {
    const all = new Set(inSource());
    expect(all.has('audit_entries')).toBe(true);
    all.delete('audit_entries');
    expect(changed).toEqual([...all].toSorted());
    expect(script).not.toContain('audit_entries');
    expect(script).toContain("rights('', ['find', 'insert', 'createCollection', 'createIndex'])");
  });
});
