// As whom calls are made up.

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
