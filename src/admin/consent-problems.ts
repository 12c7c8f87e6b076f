/** Why nothing was connected, in words for the administrator who followed a consent link. */

import type { Problem } from '../model/connection.ts';

const problem = (code: string, owner: Problem['owner'], message: string): Problem => ({ code, owner, message });

export const linkOver = problem(
  'link_over',
  'your_team',
  'This link was used before, was replaced by a newer one, or is over. If you have just connected, all is well and you can close this page; otherwise ask for a new link.',
);
export const cannotConnect = problem(
  'cannot_connect',
  'your_team',
  'The connection was removed or changed since the link was made. Ask for a new link.',
);
export const noTenant = problem(
  'no_tenant',
  'your_team',
  'The login service did not say which tenant it was. Ask for a new link.',
);
export const anotherTenant = problem(
  'another_tenant',
  'customer_it',
  'This link is for another tenant. Sign in with an administrator of the tenant that is to be connected, and ask for a new link.',
);
export const anotherBrowser = problem(
  'another_browser',
  'customer_it',
  'The sign-in was not begun in this browser. Open a new link, and stay in the same browser until the end; it must accept cookies.',
);
export const noCode = problem(
  'no_code',
  'microsoft',
  'The login service sent no code. Ask for a new link, and try again.',
);
export const tenantTaken = problem(
  'tenant_taken',
  'your_team',
  'The tenant is read for another organization already. Whether it may be read for this one, too, is decided by the vendor of the product: ask them, and tell them who sent you the link.',
);
