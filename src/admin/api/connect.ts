/**
 * Where the login service sends an administrator back to after consent and sign-in, and the form that they confirm it by: addresses that are open to
 * everybody. They take nothing for true, answer with pages, and send people on only to addresses that the operator listed.
 */

import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import { z } from 'zod';
import { errorFacts } from '../../logger.ts';
import type { Log } from '../../model/world.ts';
import type { Commands } from '../commands.ts';
import type { Outcome, Returned } from '../consent-outcome.ts';
import { brokenPage, consentPage, elsewherePage, notHerePage, onwardPage } from './consent-pages.ts';
import { type Cookie, cookieNamed, tokenForm } from './cookies.ts';
import { formSecurityPolicy, pageSecurityPolicy } from './pages.ts';
import { isSentFromHere } from './same-site.ts';
import { traceIdOf } from './trace.ts';

export const callbackPath = '/connect/callback';
export const confirmPath = '/connect/confirm';

type Connect = { readonly commands: Commands; readonly log: Log; readonly publicUrl: string | null };

export const connectRoutes = (connect: Connect): Router => {
  const router = Router({ caseSensitive: true });
  const form = express.urlencoded({ extended: false, limit: '1kb', inflate: false, parameterLimit: 5 });
  // A link may be looked at by a scanner before it is followed; a HEAD must not use it up.
  router.all(callbackPath, only('GET'), callback(connect));
  router.all(confirmPath, only('POST'), sentFromHere(connect), form, confirm(connect));
  return router;
};

const show = (response: Response, status: number, page: string): void => {
  response.status(status).type('html').send(page);
};

const only =
  (method: 'GET' | 'POST'): RequestHandler =>
  (request, response, next) => {
    response.locals['route'] = request.path;
    response.set('Content-Security-Policy', pageSecurityPolicy);
    if (request.method === method) return next();
    response.set('Allow', method);
    show(response, 405, notHerePage());
  };

/** Before the state is looked at: another site that sends it must not use it up. */
const sentFromHere =
  ({ publicUrl }: Connect): RequestHandler =>
  (request, response, next) => {
    if (isSentFromHere(request, publicUrl)) next();
    else show(response, 403, elsewherePage());
  };

const callback = (connect: Connect): RequestHandler =>
  answered(
    connect,
    async ({ query }, verifier) => {
      const returned = returnedIn(query);
      return returned && connect.commands.comeBack(returned, verifier);
    },
    (response, url) => response.redirect(302, url),
  );

const confirm = (connect: Connect): RequestHandler =>
  answered(
    connect,
    async ({ body }, verifier) => {
      const form = Form.safeParse(body);
      return form.success ? connect.commands.confirm(form.data.state, verifier) : null;
    },
    // A redirect would be held up by what the form may be sent to.
    (response, url) => show(response.set('Refresh', `0; url=${url}`), 200, onwardPage(url)),
  );

/** `come`: null when it is nothing of what is sent here. */
const answered =
  (
    { log, publicUrl }: Connect,
    come: (request: Request, verifier: string | null) => Promise<Outcome | null>,
    lead: (response: Response, url: string) => void,
  ): RequestHandler =>
  async (request, response) => {
    const cookie = cookieFor(publicUrl);
    try {
      const outcome = await come(request, cookie.read(request.get('cookie')));
      if (outcome === null) return show(response, 400, notHerePage());
      response.set('Set-Cookie', cookie.write('verifier' in outcome ? outcome.verifier : null));
      const onward = onwardFrom(outcome);
      if (onward !== null) return lead(response, onward);
      if (outcome.kind === 'sign_in') return;
      // A form of a page that tells nobody where it is from would come from nowhere.
      if (outcome.kind === 'to_confirm')
        response.set('Content-Security-Policy', formSecurityPolicy).set('Referrer-Policy', 'same-origin');
      const page = consentPage(outcome, `${publicUrl ?? ''}${confirmPath}`);
      show(response, outcome.kind === 'failed' ? 400 : 200, page);
    } catch (error) {
      log.error('request.failed', { trace: traceIdOf(response), ...errorFacts(error) });
      show(response, 500, brokenPage(traceIdOf(response)));
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
const Form = z.object({ state: z.string().min(1).max(200) });

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

/** Ties the sign-in, and what is confirmed after it, to the browser that was sent there. */
const cookieFor = (publicUrl: string | null): Cookie =>
  cookieNamed('entrain-connect', publicUrl, { form: tokenForm, maxAgeSecs: 600 });

const onwardFrom = (outcome: Outcome): string | null => {
  if (outcome.kind === 'sign_in') return outcome.url;
  if (outcome.kind === 'to_confirm' || outcome.kind === 'again' || outcome.returnUrl === null) return null;
  const url = new URL(outcome.returnUrl);
  const connection = outcome.kind === 'failed' ? outcome.connection : outcome.connection.id;
  url.searchParams.set('result', outcome.kind);
  if (connection !== null) url.searchParams.set('connection_id', connection);
  if (outcome.kind !== 'connected') url.searchParams.set('code', outcome.problem.code);
  return url.href;
};
