/**
 * The pages behind a setup link. The link is the only thing that lets anybody in, and stands in the address: no cookie goes with a request, so another
 * site has nothing to make a browser send. That a form came from a page of ours is looked at all the same.
 */

import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import { z } from 'zod';
import { errorFacts } from '../../logger.ts';
import type { PageAction } from '../../model/audit.ts';
import type { Log } from '../../model/world.ts';
import { audited, type Came } from '../audit.ts';
import type { Commands } from '../commands.ts';
import { type Issue, Refused } from '../refused.ts';
import { setupPath } from '../setup-links.ts';
import { codeOf, namesIn } from './audited.ts';
import { formSecurityPolicy } from './pages.ts';
import { fieldErrors } from './request.ts';
import { isSentFromHere } from './same-site.ts';
import { auditedConnection } from './schemas/audit.ts';
import { connectionChangesSchema, fieldsOf } from './schemas/connection.ts';
import {
  brokenPage,
  elsewherePage,
  onwardPage,
  overPage,
  refusedPage,
  reportPage,
  tooOftenPage,
  unknownPage,
} from './setup-outcome-pages.ts';
import { guidePage, type Shown, type Typed } from './setup-pages.ts';
import { traceIdOf } from './trace.ts';

type Doors = { readonly commands: Commands; readonly log: Log; readonly publicUrl: string | null };
type Visit = Shown & { readonly request: Request; readonly response: Response };
type Shows = { readonly status: number; readonly page: string };

export const setupRoutes = (doors: Doors): Router => {
  const router = Router({ caseSensitive: true });
  const form = express.urlencoded({ extended: false, limit: '100kb', inflate: false, parameterLimit: 20 });
  const path = `${setupPath}/:link`;
  router.use(setupPath, asPage);
  router.get(
    path,
    visited(doors, async ({ setup, address }) => ({ status: 200, page: guidePage({ setup, address }) })),
  );
  router.post(`${path}/credentials`, sentFromHere(doors), form, visited(doors, tried(doors, credentialsSent)));
  router.post(`${path}/test`, sentFromHere(doors), visited(doors, tried(doors, testAsked)));
  router.post(`${path}/consent`, sentFromHere(doors), visited(doors, tried(doors, consentAsked)));
  router.all(`${setupPath}/{*rest}`, (_request, response) => show(response, { status: 404, page: unknownPage() }));
  return router;
};

/** The address is the key, so no other site may learn of it. Ours does, or a form would come from nowhere. */
const asPage: RequestHandler = (_request, response, next) => {
  response.locals['route'] = `${setupPath}/{link}`;
  response.set('Referrer-Policy', 'same-origin').set('Content-Security-Policy', formSecurityPolicy);
  next();
};

const show = (response: Response, { status, page }: Shows): void => {
  response.status(status).type('html').send(page);
};

const linkIn = (request: Request): string => String(request.params['link']);

const sentFromHere =
  ({ publicUrl }: Doors): RequestHandler =>
  (request, response, next) => {
    if (isSentFromHere(request, publicUrl)) next();
    else show(response, { status: 403, page: elsewherePage() });
  };

const visited =
  ({ commands, log, publicUrl }: Doors, answer: (visit: Visit) => Promise<Shows>): RequestHandler =>
  async (request, response) => {
    try {
      const link = linkIn(request);
      const arrival = await commands.arriveBy(link);
      if (arrival.kind !== 'open')
        return show(
          response,
          arrival.kind === 'over' ? { status: 410, page: overPage() } : { status: 404, page: unknownPage() },
        );
      const address = `${publicUrl ?? ''}${setupPath}/${link}`;
      response.locals['caller'] = arrival.setup.link.id;
      show(response, await answer({ request, response, setup: arrival.setup, address }));
    } catch (error) {
      log.error('request.failed', { trace: traceIdOf(response), ...errorFacts(error) });
      show(response, { status: 500, page: brokenPage(traceIdOf(response)) });
    }
  };

type Deed = (commands: Commands, visit: Visit) => Promise<Shows>;

/** Counts the try, and shows why it was refused. */
const tried =
  ({ commands }: Doors, deed: Deed) =>
  async (visit: Visit): Promise<Shows> => {
    if (!(await commands.mayTrySetup(visit.setup.link))) return { status: 429, page: tooOftenPage() };
    try {
      return await deed(commands, visit);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { status: 409, page: refusedPage(error.message, visit.address) };
    }
  };

/** Written down as what any caller does. */
const deedOf = <T>(
  commands: Commands,
  { setup: { link, connection }, response }: Visit,
  action: PageAction,
  given: object,
  act: () => Promise<T>,
  cameTo: (done: T) => Came,
): Promise<T> => {
  const asked = {
    actor: { kind: 'setup_link', id: link.id, name: link.givenTo } as const,
    organization: connection.organization,
    action,
    subjects: { connection_id: connection.id, setup_link_id: link.id },
    trace: traceIdOf(response),
    given: namesIn(given),
  };
  return audited(commands, asked, act, cameTo, codeOf);
};

const text = z.string().transform((typed) => typed.trim());
/** Fields that are left empty are sent, too. */
const Form = z.object({
  tenant_id: text,
  client_id: text,
  way: z.enum(['client_secret', 'certificate']),
  client_secret: text.default(''),
  client_secret_ends_at: text.default(''),
  certificate: text.default(''),
  pfx: text.default(''),
  pfx_password: z.string().default(''),
  other_application: z.literal('yes').optional(),
  question: text,
});

const credentialsSent: Deed = async (commands, visit) => {
  const form = Form.safeParse(visit.request.body);
  if (!form.success)
    return { status: 400, page: guidePage(visit, {}, [{ pointer: '', detail: 'The form is not whole.' }]) };
  const typed = typedIn(form.data);
  const body = bodyOf(form.data);
  const parsed = Given.safeParse(body);
  const issues = [...missingIn(form.data), ...fieldErrors('body', parsed.error)];
  if (!parsed.success || issues.length > 0) return { status: 422, page: guidePage(visit, typed, issues) };
  try {
    const given = {
      ...(await fieldsOf(parsed.data)),
      tenantId: parsed.data.tenant_id,
      clientId: parsed.data.client_id,
      isOther: form.data.other_application === 'yes',
      question: form.data.question,
    };
    const { report, after } = await deedOf(
      commands,
      visit,
      'setUpConnection',
      body,
      () => commands.setUp(visit.setup, given),
      ({ before, after }) =>
        after === null
          ? { refused: 'check_failed' }
          : { before: auditedConnection(before), after: auditedConnection(after) },
    );
    return {
      status: 200,
      page: reportPage(visit.setup.connection, report, after === null ? 'not_kept' : 'kept', visit.address),
    };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.code === 'stale_revision') return { status: 409, page: await anew(commands, visit, typed, error) };
    if (error.issues.length === 0) throw error;
    return { status: 422, page: guidePage(visit, typed, error.issues) };
  }
};

/** As it is by now, for them to look at once more. */
const anew = async (commands: Commands, visit: Visit, typed: Typed, refused: Refused): Promise<string> => {
  const arrival = await commands.arriveBy(linkIn(visit.request));
  if (arrival.kind !== 'open') throw refused;
  return guidePage({ setup: arrival.setup, address: visit.address }, typed, [{ pointer: '', detail: anotherQuestion }]);
};

const anotherQuestion =
  'What this page says was edited by somebody else since you opened it, so nothing was kept. Look once more at for whom it is read and in which cloud, who is read and what is read of them. If that is meant, fill in the secret or certificate again, and send it; if not, ask your contact.';

/** As the API takes them. */
const Given = connectionChangesSchema
  .pick({ client_secret: true, client_secret_ends_at: true, certificate: true })
  .extend({
    tenant_id: connectionChangesSchema.shape.tenant_id.unwrap(),
    client_id: connectionChangesSchema.shape.client_id.unwrap(),
  });

const bodyOf = (form: z.output<typeof Form>): object => {
  const { tenant_id, client_id, way, client_secret, client_secret_ends_at, certificate, pfx, pfx_password } = form;
  const who = { tenant_id, client_id };
  if (way === 'client_secret')
    return {
      ...who,
      ...(client_secret === '' ? {} : { client_secret }),
      ...(client_secret_ends_at === '' ? {} : { client_secret_ends_at }),
    };
  if (pfx !== '') return { ...who, certificate: { pfx, password: pfx_password } };
  return { ...who, ...(certificate === '' ? {} : { certificate }) };
};

const missingIn = ({ way, client_secret, certificate, pfx }: z.output<typeof Form>): readonly Issue[] => {
  if (way === 'client_secret' && client_secret === '' && certificate + pfx !== '')
    return [{ pointer: '/certificate', detail: 'was given, and a client secret chosen: choose the certificate' }];
  if (way === 'client_secret')
    return client_secret === '' ? [{ pointer: '/client_secret', detail: 'is needed: the value of the secret' }] : [];
  const isGiven = certificate !== '' || pfx !== '';
  return isGiven ? [] : [{ pointer: '/certificate', detail: 'is needed, with its private key' }];
};

const typedIn = ({ tenant_id, client_id, client_secret_ends_at, way }: z.output<typeof Form>): Typed => ({
  tenant_id,
  client_id,
  client_secret_ends_at,
  way,
});

const testAsked: Deed = async (commands, visit) => {
  const report = await deedOf(commands, visit, 'testSetup', {}, () => commands.testSetup(visit.setup), nothingChanged);
  const isHeld = report.ok && visit.setup.connection.state === 'quarantined';
  return { status: 200, page: reportPage(visit.setup.connection, report, isHeld ? 'mended' : 'tested', visit.address) };
};

const consentAsked: Deed = async (commands, visit) => {
  const url = await deedOf(
    commands,
    visit,
    'consentBySetup',
    {},
    () => commands.consentBySetup(visit.setup),
    nothingChanged,
  );
  return { status: 200, page: onwardPage(url, visit.address) };
};

const nothingChanged = () => ({});
