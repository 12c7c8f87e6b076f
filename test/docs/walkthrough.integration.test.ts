import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fullSync, waitingPlan } from '../../scripts/demo/tour.ts';
import { trustCa } from '../../src/source/graph/index.ts';
import { startWholeEntrain, type WholeEntrain } from '../support/whole-entrain.ts';
import { requestOf } from './curl.ts';
import { fencedBlocks, readDoc, root } from './pages.ts';
import { sample } from './sample.ts';
import { commandsIn } from './shell.ts';

describe('five more minutes, as the README has them', () => {
  let whole: WholeEntrain;
  let folder: string;
  beforeAll(async () => {
    whole = await startWholeEntrain({ autoApproveFirst: false });
    folder = await mkdtemp(join(tmpdir(), 'entrain-readme-'));
  }, 120_000);
  afterAll(async () => {
    await whole.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('every call is answered as promised', async () => {
    await fullSync(whole, whole.connected);
    const plan = await waitingPlan(whole, whole.connected);
    /** What whoever follows the README puts in from an answer. */
    const answered = new Map<string, string>();
    const filledIn = (text: string): string =>
      [...answered].reduce((filled, [placeholder, value]) => filled.replace(placeholder, value), text);
    const tenant = whole.graph.control.tenant();
    const calls = commandsIn(section('Five more minutes'), {
      ...sample,
      API: whole.stack.apiUrl,
      AUTH: `Authorization: Bearer ${whole.stack.apiKey}`,
      CONNECTION: whole.connected.connection,
      TARGET: whole.connected.target,
      CONTROL: `${whole.graph.origin}/control`,
      TENANT: tenant.tenantId,
      GROUP: tenant.groups().find(({ members }) => members > 0)?.id ?? '',
      PERSON: String(tenant.user(tenant.users()[0] ?? '')['userPrincipalName']),
      PLAN: plan.id,
      HASH: plan.hash,
      RUN: 'run-of-the-plan',
      RECONCILE: 'the-reconcile-run',
      DRY_RUN: 'the-dry-run',
      DRY_PLAN: 'plan-of-it',
      DRY_HASH: 'hash-of-it',
      SCIM: whole.scim.baseUrl,
      SCIM_AUTH: `Authorization: Bearer ${whole.scim.token}`,
      ACCOUNT: 'account-there',
    }).filter(([command]) => command === 'curl' || command === 'npm');
    expect(calls.length).toBeGreaterThan(10);
    trustCa(whole.graph.caPem);
    const people = tenant.users().length;
    for (const words of calls) {
      if (words[0] === 'npm') {
        expect(await verified(folder, words)).toEqual({ code: 0, error: '' });
        continue;
      }
      const { method, url, headers, body, output } = requestOf(words);
      const isDry = body?.includes('dry_run') === true;
      if (isDry) tenant.hire({ givenName: 'Dry', surname: 'Run' });
      const response = await fetch(filledIn(url.href), { method, headers, body: body && filledIn(body) });
      const answer = await response.text();
      if (output !== null) await writeFile(join(folder, output), answer);
      expect(response.ok, `${words.join(' ')}\n${answer}`).toBe(true);
      if (url.pathname.endsWith('/explain'))
        expect(JSON.parse(answer)).toMatchObject({ found: 'one', targets: [{ verdict: {} }] });
      if (url.pathname.endsWith('/approve')) {
        answered.set('run-of-the-plan', JSON.parse(answer).run.id);
        await whole.stack.api.waitFor(JSON.parse(answer).run.id);
      }
      if (url.pathname.endsWith('/Users')) answered.set('account-there', JSON.parse(answer).Resources[0].id);
      if (url.pathname.endsWith('/reconcile')) {
        answered.set('the-reconcile-run', JSON.parse(answer).id);
        await whole.stack.api.waitFor(JSON.parse(answer).id);
      }
      if (isDry) answered.set('the-dry-run', JSON.parse(answer).id);
      if (url.pathname.endsWith('/the-dry-run'))
        answered.set('plan-of-it', JSON.parse(answer).provision_runs[0].made_plan_id);
      if (url.pathname.endsWith('/plan-of-it')) {
        expect(JSON.parse(answer)).toMatchObject({ kind: 'dry_run', counts: { create: 1 } });
        answered.set('hash-of-it', JSON.parse(answer).hash);
      }
      if (url.pathname.endsWith('/apply'))
        expect(await whole.stack.api.waitFor(JSON.parse(answer).run.id)).toMatchObject({ counters: { created: 1 } });
      if (url.pathname.endsWith('/check')) expect(JSON.parse(answer)).toMatchObject({ ok: true });
      if (url.pathname.endsWith('/sync')) await whole.stack.api.waitFor(JSON.parse(answer).id);
      if (method === 'GET' && /\/(users|groups|members|operations|changes|runs|discrepancies)$/.test(url.pathname))
        expect(JSON.parse(answer).data.length).toBeGreaterThan(0);
    }
    // Whom the dry runs found, and the one of "Something to sync".
    expect(tenant.users().length - people).toBe(2);
  }, 60_000);
});

/** What `npm run audit:verify` starts, with its arguments. */
const verified = async (folder: string, [, , , script, , ...args]: readonly string[]) => {
  expect(script).toBe('audit:verify');
  const program = join(root, 'scripts/audit-verify.ts');
  const child = spawn(process.execPath, [program, ...args], { cwd: folder });
  const [error, [code]] = await Promise.all([text(child.stderr), once(child, 'exit'), text(child.stdout)]);
  return { code, error };
};

const section = (heading: string): string => {
  const [, below = ''] = readDoc('README.md').split(`## ${heading}\n`);
  return fencedBlocks(below.split(/^## /m)[0] ?? '')
    .filter(({ language }) => language === 'sh')
    .map((block) => block.text)
    .join('\n');
};
