// What whoever calls are made up as brings with each call.

import { z } from 'zod';
import { follow } from '../../test/support/follow.ts';
import type { Installation } from './installation.ts';
import { customer } from './plant.ts';
import type { Role } from './role-names.ts';

export type Headers = Readonly<Record<string, string>>;

export const headersOf = async (role: Role, installation: Installation): Promise<Headers> => {
  if (role === 'nobody') return {};
  if (role === 'session') return sessionOf(installation);
  const made = z.object({ key: z.string() });
  const { key } = await installation.stack.api.ask('POST', '/v1/api-keys', made, { name: role, ...accessOf(role) });
  return { Authorization: `Bearer ${key}` };
};

const all = ['read', 'sync', 'configure', 'approve', 'audit'] as const;

const accessOf = (role: Exclude<Role, 'nobody' | 'session'>) => {
  switch (role) {
    case 'limited':
      return { scopes: all, organization_ids: [customer] };
    case 'stranger':
      return { scopes: all, organization_ids: ['another-customer'] };
    default:
      return { scopes: [role] };
  }
};

/** As the browser of a page of this server would send it. */
const sessionOf = async ({ stack: { apiUrl }, login }: Installation): Promise<Headers> => {
  login.who = { id: 'ann', groups: ['ops'] };
  const cookies = new Map<string, string>();
  await follow(`${apiUrl}/auth/sign-in`, cookies);
  const cookie = `entrain-session=${cookies.get('entrain-session')}`;
  const answer = await fetch(`${apiUrl}/v1/session`, { headers: { cookie } });
  const { session } = z.object({ session: z.object({ csrf_token: z.string() }) }).parse(await answer.json());
  return { Cookie: cookie, 'X-CSRF-Token': session.csrf_token, Origin: apiUrl, 'Sec-Fetch-Site': 'same-origin' };
};
