/** A tenant without people that knows its client secret, for trials of the door. */

import type { Check } from '../../../src/model/check.ts';
import { watermark } from '../../../src/model/ids.ts';
import { completed, type Source, type ToProve } from '../../../src/source/source.ts';
import type { Secrets } from '../../../src/store/connection-store.ts';

const accepted: Check = { name: 'token', ok: true, detail: 'The secret is accepted.' };
const refused: Check = {
  name: 'token',
  ok: false,
  detail: 'The secret is wrong.',
  remedy: { code: 'AADSTS7000215', owner: 'customer_it', todo: 'Send another.', link: null },
};

/** `checked`: what a check was asked to prove. */
export const emptyTenant = (secrets: Secrets, clientSecret: string, checked: ToProve[] = []): Source => ({
  check: async (what) => {
    checked.push(what);
    const ok = secrets['clientSecret']?.reveal() === clientSecret;
    return { ok, checks: [ok ? accepted : refused] };
  },
  tenant: async () => '5c6ae4a9-9d4a-4a3e-9b0f-5a4d5a5d5a5d',
  credentialEnds: async () => null,
  async *read(ask) {
    yield { type: 'end', complete: completed(ask), watermark: watermark('empty') };
  },
  confirm: async (refs) => new Map(refs.map(({ id }) => [id, 'gone'])),
  deletions: async () => new Set(),
  confirmMembers: async () => new Map(),
  everyoneIn: async () => null,
  lookUp: async () => [],
});
