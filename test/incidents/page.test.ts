import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

it('the page lists every incident that is played here, with its test, and no other', () => {
  const rows = readFileSync(join(root, 'docs/incidents.md'), 'utf8').matchAll(
    /^\| `([a-z0-9-]+)` .*\(\.\.\/(\S+)\) \|$/gm,
  );
  const listed = [...rows].map(([, name, file]) => `${file} ${name}`);
  const played = readdirSync(import.meta.dirname).flatMap((file) =>
    [...readFileSync(join(import.meta.dirname, file), 'utf8').matchAll(/^describe\('([a-z0-9-]+)'/gm)].map(
      ([, name]) => `test/incidents/${file} ${name}`,
    ),
  );
  expect(listed.toSorted()).toEqual(played.toSorted());
  expect(played).toHaveLength(17);
});
