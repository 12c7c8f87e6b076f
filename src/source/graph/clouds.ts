/** Where a tenant lives: the login and Graph endpoints of its cloud (Microsoft Graph, "National cloud deployments"). */

import tls from 'node:tls';
import type { CloudInWords, CloudName } from '../../model/connection.ts';
import { type Mend, SourceError } from '../../model/errors.ts';

/** `loginUrl` and `graphUrl` are https origins without a path. */
export type Cloud = { readonly loginUrl: string; readonly graphUrl: string };

/** The clouds this installation knows besides Microsoft's own: none, or one that the operator describes in the configuration. */
export type Clouds = { readonly custom: Cloud | null };

const national: Readonly<Record<Exclude<CloudName, 'custom'>, Cloud>> = {
  global: { loginUrl: 'https://login.microsoftonline.com', graphUrl: 'https://graph.microsoft.com' },
  us_gov: { loginUrl: 'https://login.microsoftonline.us', graphUrl: 'https://graph.microsoft.us' },
  us_gov_dod: { loginUrl: 'https://login.microsoftonline.us', graphUrl: 'https://dod-graph.microsoft.us' },
  china: { loginUrl: 'https://login.chinacloudapi.cn', graphUrl: 'https://microsoftgraph.chinacloudapi.cn' },
};

/**
 * The admin centers are those of Microsoft's list of what a firewall has to let through (Microsoft Entra, "Frequently asked questions"). The cloud for
 * the Department of Defense shares the login with the other one of the US Government, and the admin center.
 */
const words: Readonly<Record<CloudName, CloudInWords>> = {
  global: { title: "Microsoft's global cloud (GCC is in it)", adminCenter: 'https://entra.microsoft.com' },
  us_gov: { title: "Microsoft's cloud for the US Government (GCC High)", adminCenter: 'https://entra.microsoft.us' },
  us_gov_dod: { title: "Microsoft's cloud for the US Government (DoD)", adminCenter: 'https://entra.microsoft.us' },
  china: { title: "Microsoft's cloud in China (21Vianet)", adminCenter: 'https://entra.microsoftonline.cn' },
  custom: { title: 'a cloud of its own', adminCenter: null },
};

export const cloudInWords = (name: CloudName): CloudInWords => words[name];

/**
 * Where the registration of an application lists its permissions, with the button that grants consent to them; null in a cloud whose pages we do not
 * know. Without `#@tenant` the page looks for the application in the tenant that its visitor is at home in.
 */
export const permissionsPage = (cloud: CloudName, tenantId: string, clientId: string): string | null => {
  const { adminCenter } = cloudInWords(cloud);
  if (adminCenter === null) return null;
  const [tenant, application] = [tenantId, clientId].map(encodeURIComponent);
  return `${adminCenter}/#@${tenant}/view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/CallAnAPI/appId/${application}`;
};

/** The endpoints of a cloud. Throws `SourceError` for a custom cloud that the configuration does not describe. */
export const cloudOf = (name: CloudName, clouds: Clouds): Cloud => {
  if (name !== 'custom') return national[name];
  if (clouds.custom === null)
    throw new SourceError('forbidden', 'The connection names a custom cloud, but the configuration describes none.', {
      code: 'CustomCloudNotConfigured',
      mend: describeCloud,
    });
  return { loginUrl: originOf(clouds.custom.loginUrl), graphUrl: originOf(clouds.custom.graphUrl) };
};

const describeCloud: Mend = {
  owner: 'your_team',
  todo: 'Set ENTRAIN_CUSTOM_CLOUD_LOGIN_URL and ENTRAIN_CUSTOM_CLOUD_GRAPH_URL, or the cloud of the connection.',
};

/**
 * Trusts one more certificate authority in this process, for a custom cloud. It covers both the login library and the Graph requests,
 * because both open their connections through `node:tls`.
 */
export const trustCa = (pem: string): void => tls.setDefaultCACertificates([...tls.getCACertificates('default'), pem]);

/** The login library and Graph's SDK attach tokens to https addresses only; a path would be read as part of the tenant's name. */
const originOf = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'https:' || url.pathname !== '/')
    throw new SourceError('forbidden', `The custom cloud's address ${text} is not an https address without a path.`, {
      code: 'CustomCloudNotConfigured',
      mend: describeCloud,
    });
  return url.origin;
};
