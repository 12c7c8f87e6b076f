/** An application of ours beside a simulated tenant, to which no administrator of it has consented yet. */

import { randomBytes, randomUUID } from 'node:crypto';

export type OurApp = {
  readonly clientId: string;
  readonly secret: string;
  readonly publicUrl: string;
  /** As the simulated tenant knows it. */
  readonly registration: {
    readonly clientId: string;
    readonly secret: string;
    readonly state: 'missing';
    readonly redirectUris: readonly [string];
  };
  /** What API and workers are configured with to go by it. */
  readonly env: Readonly<Record<string, string>>;
};

/** `port`: where the API will be reached, for administrators come back to it. */
export const ourAppAt = (
  port: number,
  {
    clientId = randomUUID(),
    secret = randomBytes(24).toString('base64url'),
  }: Partial<Pick<OurApp, 'clientId' | 'secret'>> = {},
): OurApp => {
  const publicUrl = `http://127.0.0.1:${port}`;
  return {
    clientId,
    secret,
    publicUrl,
    registration: { clientId, secret, state: 'missing', redirectUris: [`${publicUrl}/connect/callback`] },
    env: {
      ENTRAIN_PUBLIC_URL: publicUrl,
      ENTRAIN_APP_CLIENT_ID: clientId,
      ENTRAIN_APP_CLIENT_SECRET: secret,
      ENTRAIN_APP_CLOUD: 'custom',
    },
  };
};
