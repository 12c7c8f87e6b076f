/** Where people sign in: on to the identity provider, and back with what it says. What a sign-in has to prove stays in the browser that began it. */

import { createHash, randomBytes } from 'node:crypto';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { errorFacts } from '../../logger.ts';
import type { Log } from '../../model/world.ts';
import type { Commands } from '../commands.ts';
import { type IdentityProvider, type SignedInPerson, SignInFailed, type SignInProof } from '../identity-provider.ts';
import { networkOf } from './client-network.ts';
import { type Cookie, cookieNamed, sessionCookie } from './cookies.ts';
import { htmlOf, type Page, pageSecurityPolicy } from './pages.ts';
import type { RateLimits } from './rate-limits.ts';
import { traceIdOf } from './trace.ts';

export const signInPath = '/auth/sign-in';
export const signInCallbackPath = '/auth/callback';

type Doors = {
  readonly commands: Commands;
  readonly log: Log;
  readonly publicUrl: string | null;
  readonly provider: IdentityProvider;
  readonly rateLimits: Pick<RateLimits, 'refusedSignIns'>;
};

export const signInRoutes = (doors: Doors): Router => {
  const router = Router({ caseSensitive: true });
  router.get(signInPath, shown(doors, signInPath, begin(doors)));
  router.get(signInCallbackPath, shown(doors, signInCallbackPath, comeBack(doors)));
  return router;
};

/** Whatever fails is told on a page, without a word of what the provider said. */
const shown =
  ({ log }: Doors, path: string, handle: RequestHandler): RequestHandler =>
  async (request, response, next) => {
    response.locals['route'] = path;
    response.set('Content-Security-Policy', pageSecurityPolicy);
    try {
      await handle(request, response, next);
    } catch (error) {
      const trace = traceIdOf(response);
      if (!(error instanceof SignInFailed)) log.error('request.failed', { trace, ...errorFacts(error) });
      else log.warn('sign_in.refused', { trace, code: error.code, ...errorFacts(error) });
      const isOurs = !(error instanceof SignInFailed);
      response
        .status(isOurs ? 500 : 403)
        .type('html')
        .send(htmlOf(isOurs ? broken(trace) : refused(error)));
    }
  };

const begin =
  ({ provider, publicUrl }: Doors): RequestHandler =>
  async (request, response) => {
    const verifier = randomBytes(32).toString('base64url');
    const { state, nonce } = proofBy(verifier);
    const fresh = request.query['fresh'] === '1';
    const url = await provider.signInUrl({ state, nonce, challenge: challengeOf(verifier), fresh });
    const back = Buffer.from(localPath(request.query['return_to'])).toString('base64url');
    response.set('Set-Cookie', signInCookie(publicUrl).write(`${verifier}.${back}`));
    response.redirect(302, url);
  };

const comeBack =
  (doors: Doors): RequestHandler =>
  async (request, response) => {
    const { commands, publicUrl } = doors;
    const begun = signInCookie(publicUrl).read(request.get('cookie'));
    // It is good once, whatever comes of it.
    response.append('Set-Cookie', signInCookie(publicUrl).write(null));
    const [verifier = '', back = ''] = begun?.split('.') ?? [];
    const signedIn = await proved(doors, begun === null ? null : verifier, request, response);
    const session = sessionCookie(publicUrl);
    const before = session.read(request.get('cookie'));
    const { token, session: opened } = await commands.signIn(signedIn, before, traceIdOf(response));
    response.append('Set-Cookie', session.write(token));
    const to = localPath(Buffer.from(back, 'base64url').toString());
    if (to === '/') response.type('html').send(htmlOf(welcome(opened.name)));
    else response.redirect(303, `${publicUrl ?? ''}${to}`);
  };

/** Who they are; a refusal is written down. Whoever can be told apart is so by `signIn`, and what of it is refused is written down there. */
const proved = async (
  { commands, provider, rateLimits }: Doors,
  verifier: string | null,
  request: Request,
  response: Response,
): Promise<SignedInPerson> => {
  try {
    if (verifier === null) throw new SignInFailed('another_browser', 'The sign-in was not begun in this browser.');
    const query = new URL(request.originalUrl, 'http://entrain.invalid').searchParams;
    return await provider.signedIn(query, proofBy(verifier));
  } catch (error) {
    // Anybody can come here, as often as they like: what is too much of it stands in the log alone.
    if (error instanceof SignInFailed && !(await rateLimits.refusedSignIns.spend(networkOf(request.ip))).isOver)
      await commands.refuseSignIn(error, traceIdOf(response));
    throw error;
  }
};

/** The PKCE verifier, from which the rest follows, and where to go in the end. */
const signInCookie = (publicUrl: string | null): Cookie =>
  cookieNamed('entrain-sign-in', publicUrl, { form: /^[\w-]{43}\.[\w-]{0,2000}$/, maxAgeSecs: 600 });

const proofBy = (verifier: string): SignInProof => ({
  verifier,
  state: digestOf(`state ${verifier}`),
  nonce: digestOf(`nonce ${verifier}`),
});
/** RFC 7636, S256. */
const challengeOf = (verifier: string): string => digestOf(verifier);
const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** A path of this server, and nothing that a browser could take for another. */
const localPath = (given: unknown): string =>
  typeof given === 'string' && given.length <= 1_000 && /^\/(?![/\\])[\w./~?&=%-]*$/.test(given) ? given : '/';

const welcome = (name: string): Page => ({
  title: 'Signed in',
  paragraphs: [`You are signed in as ${name}.`, 'You can close this page.'],
});
const refused = ({ code, message }: SignInFailed): Page => ({
  title: 'Not signed in',
  paragraphs: [message, `Begin again, in the same browser; it must accept cookies. Code: ${code}.`],
});
const broken = (trace: string): Page => ({
  title: 'Not signed in',
  paragraphs: ['Something went wrong on our side. Try again in a minute.', `If it stays, tell us: ${trace}.`],
});
