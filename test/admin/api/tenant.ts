/** A tenant without people that knows its client secret, for trials of the door. */

import { watermark } from '../../../src/model/ids.ts';
import { completed, type Source } from '../../../src/source/source.ts';
import type { Secrets } from '../../../src/store/connection-store.ts';

export const emptyTenant = (secrets: Secrets, clientSecret: string): Source => ({
  check: async () => {
    const ok = secrets['clientSecret'] === clientSecret;
    return { ok, checks: [{ name: 'token', ok, detail: ok ? 'The secret is accepted.' : 'The secret is wrong.' }] };
  },
  async *read(ask) {
    yield { type: 'end', complete: completed(ask), watermark: watermark('empty') };
  },
  confirm: async (refs) => new Map(refs.map(({ id }) => [id, 'gone'])),
  deletions: async () => new Set(),
  confirmMembers: async () => new Map(),
  lookUp: async () => [],
});
