/**
 * The identity of the workload that we run as: a token that the platform gives us (Kubernetes, GitHub, or a managed identity of Azure), and that an
 * application in another tenant trusts by a federated credential. There is no secret to keep or to renew (Entra, "Workload identity federation").
 */

import { readFile } from 'node:fs/promises';
import { ManagedIdentityCredential } from '@azure/identity';
import { SourceError } from '../../model/errors.ts';

/** `file`: renewed by the platform, so it is read each time. `managed_identity`: a user-assigned one; an application can trust no other sort. */
export type Workload =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'managed_identity'; readonly clientId: string };

/** The audience that Entra expects in such a token. */
const exchangeScope = 'api://AzureADTokenExchange/.default';

/** Gives the token of the workload. Throws `SourceError`: `unavailable`, as the platform may be late. */
export const assertionOf = (workload: Workload): (() => Promise<string>) => {
  const ask = workload.kind === 'file' ? fromFile(workload.path) : fromManagedIdentity(workload.clientId);
  return async () => {
    try {
      return await ask();
    } catch (cause) {
      throw new SourceError('unavailable', 'The platform gives no token of the workload that Entrain runs as.', {
        cause,
        code: 'NoWorkloadToken',
        mend: {
          owner: 'your_team',
          todo: 'See ENTRAIN_WORKLOAD_TOKEN_FILE or ENTRAIN_MANAGED_IDENTITY, and whether the platform gives Entrain that identity.',
        },
      });
    }
  };
};

const fromFile = (path: string) => async (): Promise<string> => {
  const token = (await readFile(path, 'utf8')).trim();
  if (token === '') throw new Error('The file is empty.');
  return token;
};

const fromManagedIdentity = (clientId: string): (() => Promise<string>) => {
  const credential = new ManagedIdentityCredential({ clientId });
  return async () => (await credential.getToken(exchangeScope)).token;
};
