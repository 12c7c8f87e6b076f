import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fullSync } from '../../scripts/demo/tour.ts';
import { startWholeEntrain, type WholeEntrain } from '../support/whole-entrain.ts';
import { requestOf } from './curl.ts';
import { fencedBlocks, readDoc } from './pages.ts';
import { sample } from './sample.ts';
import { commandsIn } from './shell.ts';

describe('five more minutes, as the README has them', () => {
  let whole: WholeEntrain;
  beforeAll(async () => {
    whole = await startWholeEntrain();
  }, 120_000);
  afterAll(async () => {
    await whole.stop();
  });

  it('every call is answered as promised', async () => {
    const synced = await fullSync(whole, whole.connected);
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
      RUN: synced.provision_runs[0]?.id ?? '',
    }).filter(([command]) => command === 'curl');
    expect(calls.length).toBeGreaterThan(10);
    for (const words of calls) {
      const { method, url, headers, body } = requestOf(words);
      const response = await fetch(url, { method, headers, body });
      const answer = await response.text();
      expect({ call: words.join(' '), ok: response.ok, answer }).toMatchObject({ ok: true });
      if (url.pathname.endsWith('/explain'))
        expect(JSON.parse(answer)).toMatchObject({ found: 'one', targets: [{ verdict: {} }] });
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
