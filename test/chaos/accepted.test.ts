import { describe, expect, it } from 'vitest';
import type { ApiClient } from '../../scripts/demo/client.ts';
import { brokenWords, nothingAccepted } from './accepted.ts';

/** What the API shows of each; of anything else that it is not there. What comes in a list comes one after the other, the last for ever. */
const shows = (states: Readonly<Record<string, readonly string[]>>): Pick<ApiClient, 'ask'> => {
  const left = new Map(Object.entries(states).map(([path, some]) => [path, [...some]]));
  return {
    ask: async (method, path, answer) => {
      const some = left.get(path);
      if (some === undefined) throw new Error(`${method} ${path}: 404 {"code":"not_found"}`);
      return answer.parse({ state: some.length > 1 ? some.shift() : some[0] });
    },
  };
};

const accepted = (what: { readonly runs?: readonly string[]; readonly plans?: readonly string[] }) => {
  const all = nothingAccepted();
  for (const run of what.runs ?? []) all.runs.add(run);
  for (const plan of what.plans ?? []) all.plans.add(plan);
  return { name: 'contoso', accepted: all };
};

describe('what the API accepted', () => {
  it('is there in the end, and a plan that was approved was carried out or found not to be wanted any more', async () => {
    const api = shows({
      '/v1/runs/run_1': ['canceled'],
      '/v1/plans/pln_1': ['applied'],
      '/v1/plans/pln_2': ['superseded'],
      '/v1/plans/pln_3': ['refused'],
    });
    const all = accepted({ runs: ['run_1'], plans: ['pln_1', 'pln_2', 'pln_3'] });
    expect(await brokenWords(api, all, 0)).toEqual([]);
  });

  it('is lost where a run or a plan is not there', async () => {
    const all = accepted({ runs: ['run_1'], plans: ['pln_1'] });
    expect(await brokenWords(shows({}), all, 0)).toEqual([
      'contoso: the run run_1 was accepted, and is not there',
      'contoso: the plan pln_1 was approved, and is not there',
    ]);
  });

  it('is lost where an approval was forgotten, or no run carries out what was approved', async () => {
    const states = ['waiting', 'approved', 'expired', 'rejected'];
    const api = shows(Object.fromEntries(states.map((state) => [`/v1/plans/${state}`, [state]])));
    expect(await brokenWords(api, accepted({ plans: states }), 0)).toEqual(
      states.map((state) => `contoso: the plan ${state} was approved, and is ${state}`),
    );
  });

  it('is not known to be lost where nobody answers', async () => {
    const api: Pick<ApiClient, 'ask'> = { ask: () => Promise.reject(new TypeError('fetch failed')) };
    await expect(brokenWords(api, accepted({ runs: ['run_1'] }), 0)).rejects.toThrow('fetch failed');
  });
});
