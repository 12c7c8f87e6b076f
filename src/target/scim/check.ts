/** The checklist behind "test connection": real calls that change nothing. */

import { remedyBy, type TargetCode, targetRemedy } from '../../core/target-remedies.ts';
import type { Check, CheckReport } from '../../model/check.ts';
import { TargetError } from '../../model/errors.ts';
import type { ObjectType } from '../../model/source-object.ts';
import type { World } from '../../model/world.ts';
import { type Answer, isAbsent, isSuccess } from './errors.ts';
import { field, isList } from './json.ts';
import { assertSearched } from './life.ts';
import { parsePath } from './paths.ts';
import { usualEndpoints } from './profile.ts';
import { findRequest, type Request } from './requests.ts';
import type { Session } from './session.ts';

export const check = async (session: Session, signal: AbortSignal): Promise<CheckReport> => {
  const checks = await runChecks(session, signal);
  return { ok: checks.every(({ ok }) => ok), checks };
};

/** A check that fails ends the list where the rest would only repeat it. */
const runChecks = async (session: Session, signal: AbortSignal): Promise<readonly Check[]> => {
  const config = { method: 'GET', endpoint: '/ServiceProviderConfig' } as const;
  const reached = await tried(session, config, signal);
  if (reached instanceof TargetError) return [failed('reachable', reached)];
  const reachable = { name: 'reachable', ok: true, detail: 'The address answers.' } as const;
  const listing = await looked(session, byRandomId(session, 'userName'), signal);
  if (listing instanceof TargetError && listing.code === 'all_not_found')
    return [reachable, found('users', 'not_scim', listing.message)];
  const token = tokenCheck(session, listing);
  if (!token.ok) return [reachable, token];
  return [
    reachable,
    token,
    describedCheck(reached),
    filterCheck(session, 'userName', listing),
    filterCheck(session, 'externalId', await looked(session, byRandomId(session, 'externalId'), signal)),
    ...(await abilityChecks(session, signal)),
  ];
};

const tried = async ({ client }: Session, request: Request, signal: AbortSignal): Promise<Answer | TargetError> => {
  try {
    return await client.send(request, signal);
  } catch (error) {
    return asTargetError(error, signal);
  }
};

/** A 404 is an answer only of a target that shows its users; a gateway without its route says the same of everybody. */
const looked = async (
  session: Session,
  request: Request,
  signal: AbortSignal,
  type: ObjectType = 'user',
): Promise<Answer | TargetError> => {
  const answer = await tried(session, request, signal);
  if (answer instanceof TargetError || !isAbsent(answer)) return answer;
  try {
    await assertSearched(session, type, signal);
    return answer;
  } catch (error) {
    return asTargetError(error, signal);
  }
};

/** A check that was aborted is a finding too: it took too long. */
const asTargetError = (error: unknown, signal: AbortSignal): TargetError => {
  if (error instanceof TargetError) return error;
  if (!signal.aborted) throw error;
  const message = 'The check was ended before the target answered.';
  return new TargetError('unavailable', message, { cause: error, code: 'target_timeout' });
};

const failed = (name: string, error: TargetError): Check => ({
  name,
  ok: false,
  detail: error.message,
  remedy: targetRemedy(error),
});

const found = (name: string, code: TargetCode, detail: string): Check => ({
  name,
  ok: false,
  detail,
  remedy: remedyBy(code),
});

const byRandomId = (session: Session, attribute: string): Request =>
  findRequest(
    'user',
    session.knownProfile()?.endpoints.user ?? usualEndpoints.user,
    parsePath(attribute),
    randomGuid(session.world),
    1,
  );

const tokenCheck = ({ client }: Session, listing: Answer | TargetError): Check => {
  const name = 'token accepted';
  if (listing instanceof TargetError) return failed(name, listing);
  // 400 is about the filter, which is looked at next.
  const accepted = isSuccess(listing) || isAbsent(listing) || listing.status === 400;
  const request = { method: 'GET', endpoint: usualEndpoints.user } as const;
  return accepted
    ? { name, ok: true, detail: 'The target accepts the token.' }
    : failed(name, client.refusal(request, listing));
};

const describedCheck = (config: Answer): Check => ({
  name: 'ServiceProviderConfig',
  ok: true,
  detail:
    isSuccess(config) && config.body.kind === 'json'
      ? 'The target says what it can do.'
      : `The target does not say what it can do (${config.status}); the usual is assumed.`,
});

/** Nobody has the random id, so whoever is found shows that the filter is ignored. */
const filterCheck = ({ client }: Session, attribute: string, answer: Answer | TargetError): Check => {
  const name = `filter by ${attribute}`;
  if (answer instanceof TargetError) return failed(name, answer);
  if (isAbsent(answer)) return { name, ok: true, detail: 'Nobody was found, as it should be (answered with 404).' };
  const request = { method: 'GET', endpoint: usualEndpoints.user } as const;
  if (!isSuccess(answer)) {
    const refused = client.refusal(request, answer);
    const isOfFilter = answer.status === 400 || answer.status === 501;
    return isOfFilter ? found(name, 'filter_refused', refused.message) : failed(name, refused);
  }
  if (answer.body.kind !== 'json') return found(name, 'not_scim', 'The answer is no SCIM list: is base_url right?');
  const resources = field(answer.body.json, 'Resources');
  return isList(resources) && resources.length > 0
    ? found(name, 'filter_ignored', 'The target ignores the filter: a random id found somebody.')
    : { name, ok: true, detail: 'Nobody was found, as it should be.' };
};

const abilityChecks = async (session: Session, signal: AbortSignal): Promise<readonly Check[]> => {
  try {
    const profile = await session.profile(signal);
    const patches = session.settings.update_mode === null ? profile.patch : session.settings.update_mode === 'patch';
    const patch = patches
      ? 'Updates are sent by PATCH.'
      : 'Updates read the account, merge and replace it, because there is no PATCH.';
    return [{ name: 'updates', ok: true, detail: patch }, await groupCheck(session, signal)];
  } catch (error) {
    return [failed('updates', asTargetError(error, signal))];
  }
};

const groupCheck = async (session: Session, signal: AbortSignal): Promise<Check> => {
  const name = 'groups';
  const { groups, endpoints } = await session.profile(signal);
  const wanted = session.settings.groups;
  if (wanted === false) return { name, ok: true, detail: 'Groups are switched off.' };
  if (wanted === null && !groups)
    return { name, ok: true, detail: 'The target has no groups; only users are provisioned.' };
  // Without a filter: 404 must mean that there are no groups at all, not that none was found.
  const query = { excludedAttributes: 'members', startIndex: '1', count: '1' };
  const request = { method: 'GET', endpoint: endpoints.group, query } as const;
  const answer = await tried(session, request, signal);
  if (answer instanceof TargetError) return failed(name, answer);
  if (isSuccess(answer)) return { name, ok: true, detail: 'Groups can be read.' };
  if (isAbsent(answer) && !((await looked(session, request, signal, 'group')) instanceof TargetError))
    return { name, ok: true, detail: 'There are no groups yet (answered with 404).' };
  const refused = session.client.refusal(request, answer);
  const isNowhere = isAbsent(answer) || answer.status === 501;
  return isNowhere ? found(name, 'no_groups', refused.message) : failed(name, refused);
};

const randomGuid = ({ random }: Pick<World, 'random'>): string =>
  'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, () => Math.floor(random() * 16).toString(16));
