import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Route } from '../../src/admin/api/route.ts';
import { apiRoutes } from './api-routes.ts';
import { type Request, requestOf } from './curl.ts';
import { fencedBlocks, pages, readDoc, root } from './pages.ts';
import { sample } from './sample.ts';
import { commandsIn } from './shell.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const makeTargets = [...read('Makefile').matchAll(/^([a-z]+):/gm)].map(([, name]) => name);
const npmScripts = Object.keys(
  z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json'))).scripts,
);

/** What takes long or needs more than a test has, and the test that stands for it. */
const provedElsewhere: Readonly<Record<string, string>> = {
  'make demo': 'test/integration/whole-path.integration.test.ts',
  'make dev': 'test/integration/whole-path.integration.test.ts',
  'docker compose': 'test/scripts/deployment.test.ts',
  'cp .env.example': 'test/scripts/deployment.test.ts',
  'npm run --silent audit:verify': 'test/docs/walkthrough.integration.test.ts',
};

const shellCommands = pages.flatMap((page) =>
  fencedBlocks(readDoc(page))
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => commandsIn(text, sample).map((words) => ({ page, words, line: words.join(' ') }))),
);
const calls = shellCommands
  .filter(({ words }) => words[0] === 'curl')
  .map(({ page, words }) => ({ page, call: requestOf(words) }))
  // Those of the simulated tenant and helpdesk are made by the walkthrough.
  .filter(({ call }) => call.caFile === null && !call.url.href.startsWith(`${sample['SCIM']}/`));

const routes = apiRoutes();
const routeOf = ({ method, url }: Request): Route | undefined =>
  routes.find((route) => route.method.toUpperCase() === method && patternOf(route).test(url.pathname));
const patternOf = ({ path }: Route): RegExp => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);

describe('the commands in the documentation', () => {
  it('are of a sort that is checked here', () => {
    const others = shellCommands.filter(
      ({ words: [first = ''], line }) =>
        !['curl', 'export', 'make'].includes(first) &&
        !Object.keys(provedElsewhere).some((known) => line.startsWith(known)),
    );
    expect(others).toEqual([]);
  });

  it('that are proved by another test are proved by one that is there', () => {
    for (const test of Object.values(provedElsewhere)) expect(existsSync(join(root, test)), test).toBe(true);
    expect(read('test/integration/whole-path.integration.test.ts')).toContain("'../../scripts/demo/tour.ts'");
    for (const script of ['scripts/demo.ts', 'scripts/dev.ts']) expect(read(script)).toContain("'./demo/tour.ts'");
  });

  it('call make targets and npm scripts that are there, also in running text', () => {
    const inText = pages.flatMap((page) => [...readDoc(page).matchAll(/`(make|npm run) ([a-z:]+)/g)]);
    const inBlocks = shellCommands.flatMap(({ line }) => [
      ...line.matchAll(/^(make|npm run)(?: --silent)? ([a-z:]+)/g),
    ]);
    const missing = [...inText, ...inBlocks].filter(
      ([, tool, name = '']) => !(tool === 'make' ? makeTargets : npmScripts).includes(name),
    );
    expect(missing.map(([text]) => text)).toEqual([]);
    expect(npmScripts).toContain('start');
  });

  it('name files that are there', () => {
    const files = shellCommands.flatMap(
      ({ line }) => line.match(/(?<![\w/])(?:docker-compose[\w.]*\.yml|\.env\.example|test\/\w+)/g) ?? [],
    );
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    const programs = pages.flatMap((page) =>
      [...readDoc(page).matchAll(/`node ([\w./-]+\.ts)`/g)].map(([, path = '']) => path),
    );
    expect(programs.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('the calls in the documentation', () => {
  it.each(calls.map(({ page, call }) => [`${call.method} ${call.url.pathname}`, page, call] as const))(
    '%s (%s) would be accepted',
    (_name, _page, call) => {
      const route = routeOf(call);
      expect(route).toBeDefined();
      if (route === undefined) return;
      expect(route.query.safeParse(Object.fromEntries(call.url.searchParams)).error).toBeUndefined();
      const body: unknown = call.body === null ? {} : JSON.parse(call.body);
      expect(route.body.safeParse(body).error).toBeUndefined();
      if (call.body !== null) expect(call.headers['content-type']).toBe('application/json');
      expect(call.headers['authorization']).toMatch(/^Bearer \S+$/);
    },
  );

  it('and the routes in running text, are those of the API', () => {
    const known = new Set([
      ...routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`),
      'GET /v1/openapi.json',
    ]);
    const named = pages.flatMap((page) =>
      [...readDoc(page).matchAll(/`(GET|POST|PATCH|DELETE) (\/v1[^`?\s]*)/g)].map(
        ([, method, path]) => `${method} ${path}`,
      ),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((route) => !known.has(route))).toEqual([]);
  });
});
