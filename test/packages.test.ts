/** What the product is made of is what was looked at: exact versions, each with the hash of what was published, from a registry alone. */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const root = join(import.meta.dirname, '..');
const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'));

const versions = z.record(z.string(), z.string()).default({});
const manifest = z.looseObject({
  dependencies: versions,
  devDependencies: versions,
  optionalDependencies: versions,
  overrides: versions,
});
const lock = z.looseObject({
  lockfileVersion: z.literal(3),
  packages: z.record(
    z.string(),
    z.looseObject({
      version: z.string().default(''),
      integrity: z.string().default(''),
      resolved: z.string().optional(),
    }),
  ),
});

const folders = ['package.json', ...globSync('{bench,console,simulator}/**/package.json', { cwd: root })]
  .filter((path) => !path.includes('node_modules'))
  .map((path) => path.slice(0, -'package.json'.length));

it('there are packages to look at', () => {
  expect(Object.keys(lock.parse(read('package-lock.json')).packages).length).toBeGreaterThan(100);
});

describe.each(folders)('the packages of ./%s', (folder) => {
  it('are named with one version each: no range, tag, address or folder', () => {
    const { dependencies, devDependencies, optionalDependencies, overrides } = manifest.parse(
      read(`${folder}package.json`),
    );
    const all = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies, ...overrides });
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });

  it('are pinned with all that they need, by the SHA-512 of what was published', () => {
    const { '': _ours, ...packages } = lock.parse(read(`${folder}package-lock.json`)).packages;
    const loose = Object.entries(packages).filter(
      ([, { version, integrity }]) =>
        !/^\d+\.\d+\.\d+([-+][\w.+-]+)?$/.test(version) || !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity),
    );
    expect(loose.map(([path]) => path)).toEqual([]);
  });

  it('come from a registry, whichever the installer is set to', () => {
    const { packages } = lock.parse(read(`${folder}package-lock.json`));
    expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  });
});

it('no package may run a script when it is installed', () => {
  expect(readFileSync(join(root, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m);
});
