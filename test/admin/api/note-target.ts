/** A kind of target for trials of the door: an address, a token, and what was noted there. */

import { remedyBy } from '../../../src/core/target-remedies.ts';
import { Secret, secret } from '../../../src/model/secret.ts';
import type { TargetRecord } from '../../../src/model/target-record.ts';
import { memoryTarget, memoryTargetState } from '../../../src/target/memory.ts';
import { asWritten, defineTarget, inClear, SettingsRefused, type Target } from '../../../src/target/target.ts';

export const noteTargetKind = defineTarget({
  kind: 'note',
  path: asWritten,
  parse: ({ url: givenUrl, token: given, page = 1, ...unknown }) => {
    const token = inClear(given);
    // As the schemas of URLs do.
    const url = typeof givenUrl === 'string' ? givenUrl.trim() : givenUrl;
    const issues = [
      ...(typeof url === 'string' && /^https?:/.test(url) ? [] : [{ pointer: '/url', message: 'must be a URL' }]),
      ...(typeof token === 'string' && token !== '' ? [] : [{ pointer: '/token', message: 'is needed' }]),
      ...Object.keys(unknown).map((name) => ({ pointer: `/${name}`, message: 'is not known here' })),
    ];
    if (issues.length > 0 || typeof token !== 'string' || url instanceof Secret || page instanceof Secret)
      throw new SettingsRefused(issues);
    const address = { setting: 'url', url: new URL(String(url)) };
    const secrets = { token: secret(token) };
    return { settings: { url: url ?? null, page }, secrets, address, connect: () => noteTarget() };
  },
});

/** One whose address ends in `broken` fails its check. */
export const noteTarget = (record?: Pick<TargetRecord, 'settings'>): Target => {
  const target = memoryTarget(memoryTargetState());
  if (!String(record?.settings['url']).endsWith('broken')) return target;
  return {
    ...target,
    check: async () => {
      const remedy = remedyBy('connection_refused');
      return { ok: false, checks: [{ name: 'reachable', ok: false, detail: 'It does not answer.', remedy }] };
    },
  };
};
