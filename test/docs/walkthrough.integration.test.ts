import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fullSync, waitingPlan } from '../../scripts/demo/tour.ts';
import { startWholeEntrain, type WholeEntrain } from '../support/whole-entrain.ts';
import { requestOf } from './curl.ts';
import { fencedBlocks, readDoc } from './pages.ts';
import { sample } from './sample.ts';
import { commandsIn } from './shell.ts';

describe('five more minutes, as the README has them', () => {
  let whole: WholeEntrain;
  beforeAll(async () => {
    whole = await startWholeEntrain({ autoApproveFirst: false });
  }, 120_000);
  afterAll(async () => {
    await whole.stop();
  });

  it('every call is answered as promised', async () => {
    await fullSync(whole, whole.connected);
    const plan = await waitingPlan(whole, whole.connected);
    let run = '';
    const calls = commandsIn(section('Five more minutes'), {
      ...sample,
      API: whole.stack.apiUrl,
      AUTH: `Authorization: Bearer ${whole.stack.apiKey}`,
      CONNECTION: whole.connected.connection,
      TARGET: whole.connected.target,
      GROUP: whole.graph.control.tenant().groups()[0]?.id ?? '',
      PERSON: String(
        whole.graph.control.tenant().user(whole.graph.control.tenant().users()[0] ?? '')['userPrincipalName'],
      ),
      PLAN: plan.id,
      HASH: plan.hash,
      RUN: 'run-of-the-plan',
    }).filter(([command]) => command === 'curl');
    expect(calls.length).toBeGreaterThan(10);
    for (const words of calls) {
      const { method, url, headers, body } = requestOf(words);
      const response = await fetch(url.href.replace('run-of-the-plan', run), { method, headers, body });
      const answer = await response.text();
      expect({ call: words.join(' '), ok: response.ok, answer }).toMatchObject({ ok: true });
      if (url.pathname.endsWith('/explain'))
        expect(JSON.parse(answer)).toMatchObject({ found: 'one', targets: [{ verdict: {} }] });
      if (url.pathname.endsWith('/approve')) {
        run = JSON.parse(answer).run.id;
        await whole.stack.api.waitFor(run);
      }
      if (url.pathname.endsWith('/check')) expect(JSON.parse(answer)).toMatchObject({ ok: true });
      if (url.pathname.endsWith('/sync')) await whole.stack.api.waitFor(JSON.parse(answer).id);
      if (method === 'GET' && /\/(users|groups|members|operations|changes|runs)$/.test(url.pathname))
        expect(JSON.parse(answer).data.length).toBeGreaterThan(0);
    }
  }, 60_000);
});

const section = (heading: string): string => {
  const [, text = ''] = readDoc('README.md').split(`## ${heading}\n`);
  return fencedBlocks(text.split(/^## /m)[0] ?? '')
    .filter(({ language }) => language === 'sh')
    .map((block) => block.text)
    .join('\n');
};
