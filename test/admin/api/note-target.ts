/** A kind of target for trials of the door: an address, a token, and what was noted there. */

import { memoryTarget, memoryTargetState } from '../../../src/target/memory.ts';
import { defineTarget, SettingsRefused, type Target } from '../../../src/target/target.ts';

export const noteTargetKind = defineTarget({
  kind: 'note',
  parse: ({ url, token, page = 1, ...unknown }) => {
    const issues = [
      ...(typeof url === 'string' && /^https?:/.test(url) ? [] : [{ pointer: '/url', message: 'must be a URL' }]),
      ...(typeof token === 'string' && token !== '' ? [] : [{ pointer: '/token', message: 'is needed' }]),
      ...Object.keys(unknown).map((name) => ({ pointer: `/${name}`, message: 'is not known here' })),
    ];
    if (issues.length > 0 || typeof token !== 'string') throw new SettingsRefused(issues);
    return { settings: { url: url ?? null, page }, secrets: { token }, connect: () => noteTarget() };
  },
});

export const noteTarget = (): Target => memoryTarget(memoryTargetState());
