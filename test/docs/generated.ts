/**
 * What of the documentation is made from the code: parts of pages, which stand between `<!-- generated: name -->` and `<!-- end -->`, and whole files.
 * `npm run docs` writes them anew, and generated.test.ts fails when one is stale.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scarceTable, stormInWords, stormTable } from '../../scripts/chaos/page.ts';
import { readScarce, readStorm } from '../../scripts/chaos/results.ts';
import { fuzzTable, readFuzzResults } from '../../scripts/fuzz/results.ts';
import { table } from '../../scripts/markdown.ts';
import {
  brokenSeedsText,
  coveredText,
  layersText,
  longRunText,
  mutantSummary,
  mutantTable,
  storeTable,
} from '../../scripts/simulate/page.ts';
import { readLongRun, readMutantResults, readStoreResults } from '../../scripts/simulate/results.ts';
import { openApiOf } from '../../src/admin/api/openapi.ts';
import { problems } from '../../src/admin/api/problem.ts';
import { createMetrics } from '../../src/admin/metrics.ts';
import { askedBy, nothing } from '../../src/command-line.ts';
import { variables } from '../../src/config-table.ts';
import { sayings, type Words } from '../../src/core/sayings.ts';
import { attributesUnreadProblem, toBeReadProblem, unseenProblems } from '../../src/engine/plan-problems.ts';
import { type CloudName, type Connection, defaultAttributes } from '../../src/model/connection.ts';
import { type Reason, reasons } from '../../src/model/explanation.ts';
import { planId, runId } from '../../src/model/ids.ts';
import type { HeldProblem } from '../../src/model/run.ts';
import { everyone } from '../../src/model/scope.ts';
import { meaningOf, numbers } from '../../src/source/graph/aadsts.ts';
import { cloudInWords, cloudOf } from '../../src/source/graph/clouds.ts';
import { guardedAttributes, permissionsNeeded } from '../../src/source/graph/permissions.ts';
import { apiRoutes } from './api-routes.ts';
import { anchorOf, prose, readDoc, root } from './pages.ts';

type Parts = Readonly<Record<string, () => string | Promise<string>>>;

export const generatedParts: Readonly<Record<string, Parts>> = {
  'README.md': { configuration: () => configuration() },
  'docs/api.md': { routes: () => routes(), errors: () => errors() },
  'docs/operating.md': {
    contents: () => contents('docs/operating.md'),
    'mongo accounts': () => mongoAccounts(),
    metrics: () => metrics(),
    reasons: () => reasonTable(),
    login: () => loginErrors(),
  },
  'docs/security.md': { fuzz: () => fuzzTable(readFuzzResults()) },
  'docs/customer-it.md': {
    permissions: () => permissions(),
    attributes: () => attributes(),
    clouds: () => clouds(),
  },
  'docs/reliability.md': {
    bugs: () => bugs(),
    stores: () => storeTable(readStoreResults()),
    'long run': () => longRunText(readLongRun(), seedsPage()),
    chaos: () => stormInWords(readStorm()),
  },
  'docs/seeds.md': { 'broken seeds': () => brokenSeedsText(readLongRun(), seedsPage()) },
  'docs/chaos.md': {
    storm: () => stormTable(readStorm()),
    'what runs out': () => scarceTable({ disk: readScarce('disk'), memory: readScarce('memory') }),
  },
  'docs/adding-a-target.md': {
    'desk: settings': () => desk(null, 'const connect = '),
    'desk: target': () => desk('const connect = ', 'const carryOut = '),
    'desk: operations': () => desk('const carryOut = ', 'const places = '),
    'desk: requests': () => desk('const places = ', null),
  },
};

/** The OpenAPI document is what an API without a public address serves. */
export const generatedFiles: Readonly<Record<string, () => string>> = {
  'docs/openapi.json': () => `${JSON.stringify(openApiOf(apiRoutes(), null), null, 2)}\n`,
};

/** The page with its generated parts as they should be. Throws when a part has no place on the page. */
export const regenerated = async (page: string): Promise<string> => {
  let text = readDoc(page);
  for (const [name, make] of Object.entries(generatedParts[page] ?? {})) {
    const opening = `<!-- generated: ${name} -->\n`;
    const from = text.indexOf(opening);
    const to = text.indexOf('<!-- end -->', from);
    if (from < 0 || to < 0) throw new Error(`${page} has no place for the generated part "${name}".`);
    text = `${text.slice(0, from)}${opening}\n${(await make()).trim()}\n\n${text.slice(to)}`;
  }
  return text;
};

/** What `npm run simulate:mutants -- --write` has kept. */
const bugs = (): string => {
  const results = readMutantResults()?.mutants ?? [];
  return [mutantSummary(results), coveredText(), layersText(), mutantTable(results)].join('\n\n');
};

/** What `npm run simulate -- --record` has kept; the page itself says of which of the broken seeds the cause is known. */
/** But for what is generated. */
const seedsPage = (): string =>
  readDoc('docs/seeds.md').replaceAll(/^<!-- generated: .+? -->$.*?^<!-- end -->$/gms, '');

const code = (text: string): string => `\`${text}\``;

const configuration = (): string =>
  table(
    ['variable', 'default', 'meaning'],
    variables.map((variable) => [
      `${code(variable.name)}${variable.secret ? ' ¹' : ''}`,
      variable.default === null ? (variable.isRequired ? '**required**' : '') : code(variable.default),
      variable.meaning,
    ]),
  );

const routes = (): string =>
  table(
    ['', 'route', 'scope', ''],
    apiRoutes().map(({ method, path, scope, summary }) => [method.toUpperCase(), code(path), code(scope), summary]),
  );

const errors = (): string =>
  table(
    ['code', 'status', 'meaning'],
    Object.entries(problems).map(([name, { status, title }]) => [code(name), String(status), title]),
  );

/** The headings of a page: a line for each of the second level, with those below it. */
const contents = (page: string): string => {
  const lines: string[] = [];
  for (const [, level = '', heading = ''] of prose(readDoc(page)).matchAll(/^(#{2,3}) (.+)$/gm)) {
    const link = `[${heading}](#${anchorOf(heading)})`;
    if (level === '##') lines.push(`- ${link}`);
    else lines.push(`${lines.pop()}|${link}`);
  }
  return lines.map((line) => line.replace('|', ': ').replaceAll('|', ' · ')).join('\n');
};

/** What docker compose runs, for whoever runs it by hand. */
const mongoAccounts = (): string =>
  `\`\`\`js\n${readFileSync(join(root, 'scripts/mongo-accounts.js'), 'utf8').trim()}\n\`\`\``;

/** Beside these, the process's own (`entrain_process_…`, `entrain_nodejs_…`). */
const metrics = async (): Promise<string> => {
  const text = await createMetrics({
    queueJobs: async () => [],
    syncLagSecs: async () => 0,
    plansWaiting: async () => ({ first: 0, held: 0, dry_run: 0, repair: 0, undo: 0 }),
    credentialsEnding: async () => ({ '60_days': 0, '30_days': 0, '14_days': 0, '7_days': 0, '1_day': 0, ended: 0 }),
    clockAheadSecs: () => 0,
    areLimitsShared: () => true,
  }).text();
  const helps = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)/gm)];
  return table(
    ['metric', 'type', 'meaning'],
    helps
      .filter(([, name = '']) => !/^entrain_(process|nodejs)_/.test(name))
      .map(([, name = '', help = '', type = '']) => [code(name), type, help]),
  );
};

/** Each reason as it would be told of Jane Doe at the helpdesk. */
const reasonTable = (): string =>
  table(
    ['reason', 'as it is told', 'who must act', 'what they do'],
    reasons.map((reason) => {
      const { says, owner, todo } = sayings[reason];
      const words = { ...ofJane, ...(besides[reason] ?? {}) };
      return [code(reason), says(words), owner(words) ?? 'nobody', todo(words) ?? ''];
    }),
  );

/** Those of an application that the customer registered. */
const loginErrors = (): string =>
  table(
    ['code', 'what happened', 'who must act', 'what they do'],
    Object.keys(numbers).map((number) => {
      const { says, mend } = meaningOf(number, '', { registrant: 'customer_it', proof: 'client_secret' });
      return [code(`AADSTS${number}`), says.replace(/ \(AADSTS\d+\)$/, ''), code(mend.owner), mend.todo];
    }),
  );

const heldBy = (problem: HeldProblem): Words['run'] => ({ id: runId('run_…'), state: 'held', problem });

const besides: Readonly<Partial<Record<Reason, Partial<Words>>>> = {
  groups_not_supported: { who: 'The group Sales' },
  protection_unknown: { need: 'the account switched off' },
  plan_waits: { need: 'an account' },
  plan_rejected: { need: 'the account switched off' },
  not_managed: { who: 'The group Sales', account: 'group 7' },
  group_kept: { who: 'The group Sales', account: 'group 7' },
  guard_hold: { need: 'the account switched off', run: { id: runId('run_…'), state: 'held', problem: null } },
  target_unproved: { need: 'an account', run: heldBy(unseenProblems.unproved) },
  database_restored: { need: 'an account', run: heldBy(toBeReadProblem) },
  absence_unproven: { retry: 'tried once since 2026-11-02 09:00 UTC, next after 2026-11-02 09:10 UTC' },
  attributes_unread: { run: heldBy(attributesUnreadProblem(['jobTitle of each user'])) },
  run_failed: { run: { id: runId('run_…'), state: 'failed', problem: null } },
};

const ofJane: Words = {
  who: 'Jane Doe',
  target: 'Helpdesk',
  account: 'account 123',
  isOff: false,
  isSeenOtherwise: false,
  offBy: null,
  fate: 'account 123 at Helpdesk was switched off 2026-11-02 09:00 UTC',
  stripped: null,
  isBack: false,
  isToBeOff: false,
  lastWrite: 'last written 2026-11-02 09:00 UTC',
  need: 'title brought up to date',
  waits: 'without the manager, John Roe, for want of an account there',
  failure: 'the words of the target',
  retry: 'tried twice since 2026-11-02 09:00 UTC, next after 2026-11-02 21:00 UTC',
  problem: null,
  undone: runId('run_…'),
  plan: {
    id: planId('pln_…'),
    by: 'the key ops',
    reason: 'they are on leave',
    holds: true,
    approvers: 'somebody approves',
  },
  run: null,
};

/** All that a check may ask for, whatever is read. */
const permissions = (): string => {
  const user = [...defaultAttributes.user, ...Object.keys(guardedAttributes)];
  const usual = new Set(neededFor(defaultAttributes).map(({ permission }) => permission.name));
  return table(
    ['permission', 'needed', 'why'],
    neededFor({ ...defaultAttributes, user }, true).map(({ permission: { name, why }, required }) => {
      const always = required ? 'yes' : 'no';
      const sometimes = required ? 'only where that attribute is read' : 'only where changes are to be told at once';
      return [code(name), usual.has(name) ? always : sometimes, why];
    }),
  );
};

const neededFor = (attributes: Connection['attributes'], watched = false) =>
  permissionsNeeded({ scope: everyone, attributes, watched });

const attributes = (): string =>
  table(
    ['of', 'attributes'],
    (['user', 'group'] as const).map((type) => [`each ${type}`, defaultAttributes[type].map(code).join(', ')]),
  );

const cloudNames = ['global', 'us_gov', 'us_gov_dod', 'china'] as const satisfies readonly CloudName[];

const clouds = (): string =>
  table(
    ['`cloud`', 'what it is', 'admin center', 'login', 'Graph'],
    cloudNames.map((name) => {
      const { loginUrl, graphUrl } = cloudOf(name, { custom: null });
      const { title, adminCenter } = cloudInWords(name);
      return [code(name), title, adminCenter ?? '', loginUrl, graphUrl];
    }),
  );

/** A part of the example, with the imports it would have in src/target. */
const desk = (from: string | null, to: string | null): string => {
  const program = readFileSync(join(import.meta.dirname, 'example/desk.ts'), 'utf8')
    .replaceAll("'../../../src/target/", "'./")
    .replaceAll("'../../../src/model/", "'../model/");
  const start = from === null ? 0 : program.indexOf(from);
  const end = to === null ? program.length : program.indexOf(to);
  return `\`\`\`ts\n${program.slice(start, end).trim()}\n\`\`\``;
};

export const writeDocs = async (): Promise<void> => {
  for (const page of Object.keys(generatedParts)) writeFileSync(join(root, page), await regenerated(page));
  for (const [file, make] of Object.entries(generatedFiles)) writeFileSync(join(root, file), make());
};

if (import.meta.main) {
  askedBy({
    name: 'docs',
    usage: 'Usage: npm run docs\n\nWrites anew what of the documentation is made from the code.',
    read: nothing,
  });
  await writeDocs();
}
