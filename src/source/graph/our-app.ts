/** Our own application at the Microsoft login: admin consent, and the sign-in that proves who gave it (Entra, "Admin consent", "Authorization code flow"). */

import { request } from 'undici';
import { z } from 'zod';
import type { CloudName, Problem } from '../../model/connection.ts';
import { SourceError } from '../../model/errors.ts';
import type { World } from '../../model/world.ts';
import type { OurApp, SignedIn } from '../our-app.ts';
import { type Asked, meaningOf } from './aadsts.ts';
import { graphClient } from './client.ts';
import { clientAssertion, endOfCertificate } from './client-assertion.ts';
import { type Clouds, cloudOf } from './clouds.ts';
import { type Identity, loginErrorOf, type Proof, tokensFor } from './credentials.ts';
import { GraphRefusal, incomplete } from './errors.ts';
import { gateFor } from './gate.ts';
import { defaultLimits } from './index.ts';
import { claimsOf } from './permissions.ts';
import { transportTo } from './transport.ts';

/** Our application, as the operator registered it. `secretEndsAt`: as they say. */
export type AppRegistration = {
  readonly clientId: string;
  readonly cloud: CloudName;
  readonly proof: Proof;
  readonly secretEndsAt?: Date | null;
};

/** When its secret or certificate ends; null when it does not, or nobody knows. */
export const endOfApp = ({ proof, secretEndsAt = null }: AppRegistration): Date | null => {
  switch (proof.kind) {
    case 'client_secret':
      return secretEndsAt;
    case 'certificate':
      return endOfCertificate(proof.pem);
    case 'workload_identity':
      return null;
  }
};

export const ourApp = (given: {
  readonly registration: AppRegistration;
  /** Where the login sends people back to; registered with the application. */
  readonly redirectUri: string;
  readonly clouds: Clouds;
  readonly world: World;
}): OurApp => {
  const { registration, redirectUri, clouds, world } = given;
  const { clientId, proof } = registration;
  const cloud = cloudOf(registration.cloud, clouds);
  const page = (path: string, parameters: Readonly<Record<string, string>>): string => {
    const url = new URL(path, cloud.loginUrl);
    url.search = new URLSearchParams(parameters).toString();
    return url.href;
  };
  const asked: Asked = { registrant: 'your_team', proof: proof.kind };
  const common = { client_id: clientId, redirect_uri: redirectUri };
  return {
    clientId,
    cloud: registration.cloud,
    // `organizations`, as `common` would let personal accounts in; `.default` asks for the application permissions of the registration.
    consentUrl: ({ tenant, state }) =>
      page(`/${tenant ?? 'organizations'}/v2.0/adminconsent`, {
        ...common,
        scope: `${cloud.graphUrl}/.default`,
        state,
      }),
    // `select_account`: nobody is signed in without having seen for which application.
    signInUrl: ({ tenant, state, nonce, challenge }) =>
      page(`/${tenant}/oauth2/v2.0/authorize`, {
        ...common,
        response_type: 'code',
        response_mode: 'query',
        // Without `profile` no object id is told (Entra, "ID token claims reference").
        scope: 'openid profile',
        prompt: 'select_account',
        code_challenge_method: 'S256',
        code_challenge: challenge,
        nonce,
        state,
      }),
    signedIn: async ({ tenant, code, verifier, nonce }, signal) => {
      const endpoint = `${cloud.loginUrl}/${tenant}/oauth2/v2.0/token`;
      const answer = await post(
        endpoint,
        {
          ...common,
          grant_type: 'authorization_code',
          scope: 'openid profile',
          code,
          code_verifier: verifier,
          ...(await proofFields(proof, clientId, endpoint, world.now())),
        },
        asked,
        signal,
      );
      return whoOf(answer, clientId, nonce, world.now());
    },
    prove: (tenant, signal) =>
      prove({ cloud, tenantId: tenant, clientId, proof, registrant: 'your_team' }, world, signal),
    problemOf: (error, description) => problemOf(error, description, asked),
  };
};

const problemOf = (error: string, description: string, asked: Asked): Problem => {
  const number = /AADSTS(\d{4,10})/.exec(description)?.[1] ?? null;
  const word = /^[a-z_]{1,60}$/.test(error) ? error : 'unknown';
  const { says, mend } = meaningOf(number, word, asked);
  return {
    code: number === null ? word : `AADSTS${number}`,
    message: `The login service did not grant it: ${says}. ${mend.todo}`,
    owner: mend.owner,
  };
};

const proofFields = async (
  proof: Proof,
  clientId: string,
  endpoint: string,
  now: Date,
): Promise<Readonly<Record<string, string>>> => {
  if (proof.kind === 'client_secret') return { client_secret: proof.secret.reveal() };
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion:
      proof.kind === 'certificate' ? clientAssertion(proof.pem, clientId, endpoint, now) : await proof.assertion(),
  };
};

const timeoutMs = 15_000;
const mostBytes = 100_000;

/** One exchange with the token endpoint. A code is good once, so it is not tried again. */
const post = async (
  url: string,
  form: Readonly<Record<string, string>>,
  asked: Asked,
  signal: AbortSignal,
): Promise<unknown> => {
  try {
    const reply = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams(form).toString(),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const text = await textOf(reply.body);
    if (reply.statusCode === 200) return JSON.parse(text);
    throw new Error(refusalIn(text));
  } catch (cause) {
    signal.throwIfAborted();
    throw loginErrorOf(cause, asked);
  }
};

const textOf = async (body: AsyncIterable<Buffer>): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > mostBytes) throw new Error('The answer of the login service is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const Refusal = z.object({ error: z.string(), error_description: z.string() });

/** As the library words it: the OAuth error first, then the description with number and time. */
const refusalIn = (text: string): string => {
  try {
    const { error, error_description: description } = Refusal.parse(JSON.parse(text));
    return `${error}: ${description}`;
  } catch {
    return 'no answer';
  }
};

const Answer = z.object({ id_token: z.string() });
const Who = z.object({
  aud: z.string(),
  iss: z.string(),
  exp: z.number(),
  nonce: z.string(),
  tid: z.string(),
  sub: z.string().min(1).max(200),
  oid: z.guid().toLowerCase().optional(),
  wids: z.array(z.string()).optional(),
});

/** Who may consent to application permissions of Graph for a tenant (Entra, "Built-in roles", template ids). */
const administrators: readonly string[] = [
  '62e90394-69f5-4237-9190-012177145e10', // Global Administrator
  'e8611ab8-c189-46e8-94e1-60213ab1f814', // Privileged Role Administrator
];
/** The login service forgives clocks that are five minutes apart; so do we. */
const skewMs = 300_000;

/** The token came from the token endpoint itself, over TLS: that stands for its signature (OpenID Connect Core, §3.1.3.7). */
const whoOf = (answer: unknown, clientId: string, nonce: string, now: Date): SignedIn => {
  const token = Answer.safeParse(answer);
  const who = Who.safeParse(token.success ? claimsOf(token.data.id_token) : null);
  if (!who.success) throw incomplete('The login service answered without a usable ID token.', 'NoIdToken');
  const { aud, iss, exp, nonce: theirs, tid, sub, oid, wids } = who.data;
  const right =
    aud === clientId && iss.endsWith(`/${tid}/v2.0`) && theirs === nonce && exp * 1_000 > now.getTime() - skewMs;
  if (!right) throw incomplete('The ID token is for another application, sign-in or time.', 'WrongIdToken');
  return {
    tenantId: tid.toLowerCase(),
    personId: oid ?? sub,
    isAdministrator: wids?.some((role) => administrators.includes(role)) ?? null,
  };
};

const Tenant = z.object({ tid: z.string() });
const Organizations = z.object({ value: z.array(z.object({ id: z.string(), displayName: z.string().nullish() })) });

const prove = async (identity: Identity, world: World, signal: AbortSignal): ReturnType<OurApp['prove']> => {
  const { cloud, tenantId } = identity;
  const tokens = tokensFor(identity, world.now);
  const told = Tenant.safeParse(claimsOf(await tokens.get(signal))).data?.tid ?? null;
  const client = graphClient({
    graphUrl: cloud.graphUrl,
    tokens,
    transport: transportTo(cloud.graphUrl, defaultLimits),
    gate: gateFor(world, defaultLimits.longestWaitMs),
    limits: { ...defaultLimits, attempts: 1 },
    world,
    onRequest: () => {},
  });
  const organization = await organizationIn(client, signal);
  const ids = [told, organization?.id ?? null].filter((id) => id !== null).map((id) => id.toLowerCase());
  if (ids.length === 0 || ids.some((id) => id !== tenantId.toLowerCase()))
    throw new SourceError('forbidden', 'Nothing shows that a token of ours reads this tenant and no other.', {
      code: 'AnotherTenant',
      mend: {
        owner: 'your_team',
        todo: 'Report it: the login service gave a token for another tenant than was asked for.',
      },
    });
  return { tenantId: tenantId.toLowerCase(), name: organization?.displayName ?? null };
};

/** Null when we may not read it: then the token alone says whose tenant it is. */
const organizationIn = async (client: ReturnType<typeof graphClient>, signal: AbortSignal) => {
  try {
    const question = { method: 'GET', at: '/organization?$select=id,displayName' } as const;
    return (await client.ask(question, Organizations, signal)).value[0] ?? null;
  } catch (error) {
    if (error instanceof GraphRefusal && error.status === 403) return null;
    throw error;
  }
};
