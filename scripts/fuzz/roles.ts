// As whom calls are made up, and what such a caller brings with each call.

import { z } from 'zod';
import { follow } from '../../test/support/follow.ts';
import type { Installation } from './installation.ts';
import { customer } from './plant.ts';

export const roles = [
  'read',
  'sync',
  'configure',
  'approve',
  'audit',
  'admin',
  'limited',
  'stranger',
  'session',
  'nobody',
] as const;
export type Role = (typeof roles)[number];

/** Who that is, in the words of the table. */
export const whoIs: Readonly<Record<Role, string>> = {
  read: 'a key with the scope `read`',
  sync: 'a key with the scope `sync`',
  configure: 'a key with the scope `configure`',
  approve: 'a key with the scope `approve`',
  audit: 'a key with the scope `audit`',
  admin: 'a key with the scope `admin`',
  limited: 'a key with every scope but `admin`, limited to the organization that all of it belongs to',
  stranger: 'the same, limited to another organization',
  session: 'somebody who signed in as an administrator: the cookie of a session and its CSRF token',
  nobody: 'nobody: without a key',
};

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
