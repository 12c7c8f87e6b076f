/** Writes every call that is more than a look into the audit log; made from the routes, so that a new one cannot be forgotten. */

import type { Response } from 'express';
import { type Asked, audited } from '../audit.ts';
import type { Commands } from '../commands.ts';
import { type About, organizationOf } from './admission.ts';
import type { Answer } from './answer.ts';
import { callerOf } from './auth.ts';
import { problemOf } from './problem.ts';
import { actionOf, type Route } from './route.ts';
import { traceIdOf } from './trace.ts';

type Recording = Pick<Commands, 'recordAudit'>;

/** Carries a call out, and writes down that it was asked for and what came of it. */
export const recorded = async (
  commands: Recording,
  route: Route,
  response: Response,
  about: About,
  carryOut: () => Promise<Answer>,
): Promise<Answer> => {
  let act = carryOut;
  if (route.method === 'get' && route.isNoted !== true) {
    const answer = await carryOut();
    if (answer.audit === undefined) return answer;
    // What it shows is known only now, and is not sent before it is written down.
    act = async () => answer;
  }
  const { params, query, body } = about.given;
  const organization = await organizationOf(callerOf(response), about);
  const asked: Asked = {
    ...askedIn(route, response, params),
    organization,
    given: namesIn(route.method === 'get' ? query : body),
  };
  const { audit: _, ...answer } = await audited(commands, asked, act, ({ audit = {} }) => audit, codeOf);
  return answer;
};

/** Who was not let in to write, to look at one person, or to what concerns the installation, is worth knowing. It is refused whether that can be written down or not. */
export const notingRefusal = async (
  commands: Recording,
  route: Route,
  response: Response,
  about: () => About,
  admit: () => void | Promise<void>,
): Promise<void> => {
  try {
    await admit();
  } catch (error) {
    const code = codeOf(error);
    if (code !== null && isWorthKnowing(route)) {
      // Of what it is about nothing may be known any more, as while the database is away.
      const organization = await organizationOf(callerOf(response), about()).catch(() => null);
      const entry = { ...askedIn(route, response, about().given.params), organization };
      await commands.recordAudit({ ...entry, step: { kind: 'refused', of: null, code } }).catch(() => {});
    }
    throw error;
  }
};

const isWorthKnowing = ({ method, isNoted, scope }: Route): boolean =>
  method !== 'get' || isNoted === true || scope === 'admin' || scope === 'audit';

const askedIn = (route: Route, response: Response, params: unknown) => ({
  actor: callerOf(response).actor,
  action: actionOf(route),
  subjects: idsIn(params),
  trace: traceIdOf(response),
});

/** What stands in an address may be anything, before it was looked at. */
const idsIn = (params: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(Object(params)).flatMap(([name, id]) =>
      typeof id === 'string' && idForm.test(id) ? [[name, id] as const] : [],
    ),
  );
const idForm = /^[a-z]{3}_[0-9a-f]{32}$|^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

/** Of what was given: fields, and the fields of these. Never what stands in them. */
export const namesIn = (body: unknown): readonly string[] =>
  fieldsOf(body)
    .flatMap(([name, value]) => {
      const inner = fieldsOf(value).map(([field]) => `/${name}/${field}`);
      return inner.length === 0 ? [`/${name}`] : inner;
    })
    .toSorted();

const fieldsOf = (value: unknown): readonly (readonly [name: string, value: unknown])[] =>
  typeof value !== 'object' || value === null || Array.isArray(value)
    ? []
    : Object.entries(value).filter(([name]) => /^[a-z][a-z0-9_]{0,39}$/.test(name));

/** Null: something went wrong on our side. */
export const codeOf = (error: unknown): string | null => {
  const { code } = problemOf(error, '');
  return code === 'internal_error' ? null : code;
};
