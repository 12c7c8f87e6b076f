/** The lines of a connection test about its credentials: whether each gets a token, and when it ends. */

import type { Check } from '../../model/check.ts';
import type { CredentialEnds } from '../../model/connection.ts';
import { type Around, remedyOf, type Tried, tried } from './check-line.ts';
import type { GraphClient } from './client.ts';
import { LoginFailed, type Tokens } from './credentials.ts';
import type { Shown } from './either.ts';
import { readEnds } from './ends.ts';

export type Checked = Omit<Around, 'granted'> & {
  readonly client: GraphClient;
  readonly tokens: Tokens;
  readonly application: { readonly clientId: string; readonly each: readonly [Shown, ...Shown[]] } | null;
};

/** A credential, and the token it gets. */
type Proved = Pick<Shown, 'place' | 'endsAt'> & { readonly kind: Shown['kind'] | null; readonly token: Tried<string> };

export const proveEach = ({ application, tokens }: Checked, signal: AbortSignal): Promise<readonly Proved[]> => {
  const each = application?.each ?? [{ place: 'first', kind: null, tokens, endsAt: null } as const];
  return Promise.all(
    each.map(async ({ place, kind, endsAt, ...one }) => ({
      place,
      kind,
      endsAt,
      token: await tried(signal, () => one.tokens.get(signal)),
    })),
  );
};

/** One that was given; null when each was refused. */
export const tokenAmong = (proved: readonly Proved[]): string | null => {
  const good = proved.find(({ token }) => token.ok)?.token;
  return good?.ok ? good.value : null;
};

/** What time it is at the login service, as far as a refusal says so. */
export const loginTimeOf = ([first]: readonly Proved[]): Date | null =>
  first !== undefined && !first.token.ok && first.token.error instanceof LoginFailed ? first.token.error.at : null;

/** When they end by the record of the application. What cannot be looked at is not missed: the day that we were told stands. */
export const endsNow = async (
  { application, client }: Checked,
  signal: AbortSignal,
): Promise<CredentialEnds | null> => {
  if (application === null) return null;
  const found = await tried(signal, () => readEnds(client, application, signal));
  return found.ok ? found.value : null;
};

export const credentialLines = (
  asked: Checked,
  proved: readonly Proved[],
  ends: CredentialEnds | null,
  nowMs: number,
): readonly Check[] => {
  const isGood = tokenAmong(proved) !== null;
  const endOf = ({ place, endsAt }: Proved): Date | null => ends?.[place] ?? endsAt;
  return proved.map((one) => {
    const { place, token } = one;
    const name = proved.length === 1 ? 'Credentials' : namesOf[place];
    if (!token.ok) return refusedLine(asked, name, place, token, isGood);
    const isCovered = proved.some((other) => other !== one && other.token.ok && !isSoon(endOf(other), nowMs));
    const endsAt = endOf(one);
    // It has an end all the same (Entra allows none without), and nobody would be told before it.
    if (endsAt === null && one.kind === 'client_secret') return unknownEnd(asked, name);
    return goodLine(asked, name, endsAt, nowMs, isCovered);
  });
};

const namesOf = { first: 'First credential', second: 'Second credential' } as const;

/** The customer needs some days to make another, and to hand it over. */
const soonMs = 30 * 86_400_000;
const isSoon = (endsAt: Date | null, nowMs: number): boolean => endsAt !== null && endsAt.getTime() - nowMs <= soonMs;

/** No hindrance as long as the other one is good. */
const refusedLine = (
  asked: Checked,
  name: string,
  place: Shown['place'],
  { error }: Extract<Tried<string>, { ok: false }>,
  isOtherGood: boolean,
): Check => {
  const remedy = remedyOf(error, { ...asked, granted: null }, null);
  if (!isOtherGood) return { name, ok: false, detail: error.message, remedy };
  const todo =
    place === 'first' ? 'If the second one is to take its place, remove it from the connection.' : remedy.todo;
  return { name, ok: true, detail: `${error.message} The other one is used.`, remedy: { ...remedy, todo } };
};

const unknownEnd = ({ registrant }: Checked, name: string): Check => ({
  name,
  ok: true,
  detail: 'The login service gave a token. Nobody knows when the client secret ends.',
  remedy: {
    code: 'credentials_end_unknown',
    owner: registrant,
    todo: registrant === 'your_team' ? tellOurEnd : tellTheirEnd,
    link: null,
  },
});

/** `isCovered`: the other one is good, and for longer. */
const goodLine = (
  { registrant }: Checked,
  name: string,
  endsAt: Date | null,
  nowMs: number,
  isCovered: boolean,
): Check => {
  const line = { name, ok: true, detail: 'The login service gave a token.' } as const;
  if (endsAt === null) return line;
  const days = Math.floor((endsAt.getTime() - nowMs) / 86_400_000);
  const ends = `Secret or certificate ${days < 0 ? 'should have ended' : 'ends'} on ${endsAt.toISOString().slice(0, 10)}`;
  if (isCovered || !isSoon(endsAt, nowMs)) return { ...line, detail: `${line.detail} ${ends}.` };
  return {
    ...line,
    detail: `${line.detail} ${ends}${days < 0 ? '' : `, in ${days} days`}.`,
    remedy: {
      code: 'credentials_end_soon',
      owner: registrant,
      todo: registrant === 'your_team' ? renewOurs : renewTheirs,
      link: null,
    },
  };
};

const renewTheirs =
  'Make another secret or certificate in the app registration (Certificates & secrets), give it to the connection as its second one, and only then delete the old one.';
const renewOurs =
  'Make another secret or certificate of your application, set it for API and workers (ENTRAIN_APP_CERTIFICATE or ENTRAIN_APP_CLIENT_SECRET), and only then delete the old one.';
const tellTheirEnd =
  'Give the connection the day on which the client secret ends (client_secret_ends_at), or grant the application permission Application.Read.All of Microsoft Graph, by which it is looked up.';
const tellOurEnd =
  'Set the day on which the client secret of your application ends for API and workers (ENTRAIN_APP_CLIENT_SECRET_ENDS_AT).';
