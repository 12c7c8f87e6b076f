/** A check of what has stored secrets. That they cannot be opened is a finding like any other: it says who must act. */

import type { Check, CheckReport } from '../model/check.ts';
import { KeysUnavailable, SecretUnreadable } from '../model/errors.ts';
import type { Secrets } from '../store/connection-store.ts';

export const secretsFirst = async (
  open: () => Promise<Secrets>,
  check: (secrets: Secrets) => Promise<CheckReport>,
): Promise<CheckReport> => {
  let secrets: Secrets;
  try {
    secrets = await open();
  } catch (error) {
    return { ok: false, checks: [findingOf(error)] };
  }
  return await check(secrets);
};

export const findingOf = (error: unknown): Check => {
  if (!(error instanceof SecretUnreadable || error instanceof KeysUnavailable)) throw error;
  const [code, todo] =
    error instanceof SecretUnreadable
      ? ['secret_unreadable', 'Give the secret again.']
      : [error.code, 'See that this server has its encryption keys, and check again.'];
  return {
    name: 'Stored secret',
    ok: false,
    detail: error.message,
    remedy: { code, owner: 'your_team', todo, link: null },
  };
};
