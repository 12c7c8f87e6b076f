/**
 * Where the login service sends an administrator back to after consent and sign-in: the one address that is open to everybody. It takes nothing for
 * true, answers with pages, and sends people on only to addresses that the operator listed.
 */

import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { errorFacts } from '../../logger.ts';
import type { Log } from '../../model/world.ts';
import type { Commands } from '../commands.ts';
import type { Outcome, Returned } from '../consent-returns.ts';
import { type Cookie, cookieNamed, tokenForm } from './cookies.ts';
import { htmlOf, type Page, pageSecurityPolicy } from './pages.ts';
import { traceIdOf } from './trace.ts';

export const callbackPath = '/connect/callback';

type Connect = { readonly commands: Commands; readonly log: Log; readonly publicUrl: string | null };

export const connectRoutes = (connect: Connect): Router => {
  const router = Router({ caseSensitive: true });
  router.all(callbackPath, callback(connect));
  return router;
};

const callback =
  ({ commands, log, publicUrl }: Connect): RequestHandler =>
  async (request, response) => {
    response.locals['route'] = callbackPath;
    const cookie = cookieFor(publicUrl);
    const show = (status: number, page: Page): void => {
      response.status(status).set('Content-Security-Policy', pageSecurityPolicy).type('html').send(htmlOf(page));
    };
    // A link may be looked at by a scanner before it is followed; a HEAD must not use it up.
    if (request.method !== 'GET') {
      response.set('Allow', 'GET');
      return show(405, notHere);
    }
    const returned = returnedIn(request.query);
    if (returned === null) return show(400, notHere);
    try {
      const outcome = await commands.comeBack(returned, cookie.read(request.get('cookie')));
      response.set('Set-Cookie', cookie.write(outcome.kind === 'sign_in' ? outcome.verifier : null));
      const onward = onwardFrom(outcome);
      if (onward !== null) response.redirect(302, onward);
      else if (outcome.kind !== 'sign_in') show(outcome.kind === 'failed' ? 400 : 200, pageOf(outcome));
    } catch (error) {
      log.error('request.failed', { trace: traceIdOf(response), ...errorFacts(error) });
      show(500, broken(traceIdOf(response)));
    }
  };

const text = (most: number) => z.string().min(1).max(most).optional();
/** What Microsoft adds beside is of no interest. A parameter that comes twice is a list, and no text. */
const Query = z.object({
  state: text(200),
  error: text(200),
  error_description: text(8_000),
  tenant: text(200),
  code: text(8_000),
});

const returnedIn = (query: unknown): Returned | null => {
  const parsed = Query.safeParse(query);
  if (!parsed.success) return null;
  const { state, error, error_description: description, tenant, code } = parsed.data;
  return {
    state: state ?? null,
    error: error === undefined ? null : { word: error, description: description ?? '' },
    tenant: tenant ?? null,
    code: code ?? null,
  };
};

/** Ties the sign-in to the browser that was sent to it. */
const cookieFor = (publicUrl: string | null): Cookie =>
  cookieNamed('entrain-connect', publicUrl, { form: tokenForm, maxAgeSecs: 600 });

const onwardFrom = (outcome: Outcome): string | null => {
  if (outcome.kind === 'sign_in') return outcome.url;
  if (outcome.returnUrl === null) return null;
  const url = new URL(outcome.returnUrl);
  const connection = outcome.kind === 'failed' ? outcome.connection : outcome.connection.id;
  url.searchParams.set('result', outcome.kind);
  if (connection !== null) url.searchParams.set('connection_id', connection);
  if (outcome.kind !== 'connected') url.searchParams.set('code', outcome.problem.code);
  return url.href;
};

const pageOf = (outcome: Exclude<Outcome, { kind: 'sign_in' }>): Page => {
  switch (outcome.kind) {
    case 'connected':
      return {
        title: 'Connected',
        paragraphs: [
          `${outcome.tenant} is connected. Users and groups are read from now on; nothing is ever written to your tenant.`,
          'You can close this page. To end it, remove the application under Enterprise applications in the Entra admin center.',
        ],
      };
    case 'waiting':
      return {
        title: 'Nearly connected',
        paragraphs: [outcome.problem.message, 'You can close this page: it is checked again by itself.'],
      };
    case 'failed':
      return {
        title: 'Not connected',
        paragraphs: [outcome.problem.message, `Nothing was changed. Code: ${outcome.problem.code}.`],
      };
  }
};

const notHere: Page = {
  title: 'Not connected',
  paragraphs: [
    'This address is where Microsoft sends you back to after you have given consent. Ask for a link to begin with.',
  ],
};
const broken = (trace: string): Page => ({
  title: 'Not connected',
  paragraphs: [
    'Something went wrong on our side. Ask for a new link and try again.',
    `If it stays, tell us: ${trace}.`,
  ],
});
