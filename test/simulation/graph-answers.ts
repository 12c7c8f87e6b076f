/** How Graph answers when something goes wrong: the answer in place of the true one, or the true one spoiled. */

import type { Json, JsonObject } from '../../simulator/graph/json.ts';
import { GraphFault, type Reply, textReply } from '../../simulator/graph/reply.ts';
import { tooManyRequests } from '../../simulator/graph/throttle.ts';
import type { Fault, FaultKind } from './faults.ts';

/** The exchange itself broke off. */
export class ConnectionLost extends Error {
  override readonly name: string;
  readonly code: string;
  constructor(code: 'ECONNRESET' | 'ETIMEDOUT') {
    super(code);
    this.name = code === 'ETIMEDOUT' ? 'TimeoutError' : 'ConnectionLost';
    this.code = code;
  }
}

const ofProcess: readonly FaultKind[] = ['crash_before', 'crash_after', 'pause'];
const ofAnswer: readonly FaultKind[] = [
  ...ofProcess,
  ...(['throttled', 'unavailable', 'reset', 'timeout', 'truncated', 'web_page', 'unauthorized'] as const),
];
const ofList: readonly FaultKind[] = [...ofAnswer, 'empty_list', 'partial_list', 'self_link', 'expired_page'];
const ofGroups: readonly FaultKind[] = [...ofList, 'circle'];
const ofUsers: readonly FaultKind[] = [...ofList, 'null_properties', 'circle', 'hidden_switch'];
const ofDelta: readonly FaultKind[] = [...ofList, 'no_links', 'both_links', 'expired_delta'];
const ofGroupDelta: readonly FaultKind[] = [...ofDelta, 'circle'];
const ofUserDelta: readonly FaultKind[] = [...ofDelta, 'null_properties', 'circle', 'hidden_switch'];
const ofLookup: readonly FaultKind[] = [...ofAnswer, 'empty_list', 'partial_list', 'null_properties'];

/** What may go wrong with a request, by its path without ids. */
export const kindsFor = (template: string): readonly FaultKind[] => {
  if (template.endsWith('/users/delta')) return ofUserDelta;
  if (template.endsWith('/groups/delta')) return ofGroupDelta;
  if (template.endsWith('/users')) return ofUsers;
  if (template.endsWith('/groups') || template.endsWith('/members')) return ofGroups;
  return template.endsWith('/getByIds') ? ofLookup : ofAnswer;
};
/** What may go wrong with one question of a batch. */
export const kindsInBatch: readonly FaultKind[] = ['throttled', 'unavailable', 'refused'];

/** Throws what is answered in place of the truth, or what breaks the exchange off. */
export const refuseWith = ({ kind, roll }: Fault): void => {
  switch (kind) {
    case 'throttled':
      throw tooManyRequests(roll < 0.2 ? {} : { 'Retry-After': String(Math.ceil(roll * 40)) });
    case 'unavailable':
      throw roll < 0.5
        ? new GraphFault(503, 'serviceNotAvailable', '', roll < 0.2 ? { 'Retry-After': '5' } : {})
        : new GraphFault(504, 'UnknownError', '');
    case 'reset':
      throw new ConnectionLost('ECONNRESET');
    case 'timeout':
      throw new ConnectionLost('ETIMEDOUT');
    case 'unauthorized':
      throw new GraphFault(401, 'InvalidAuthenticationToken', 'Lifetime validation failed, the token is expired.');
    case 'expired_page':
      throw new GraphFault(400, 'Directory_ExpiredPageToken', 'The specified page token value has expired.');
    case 'expired_delta':
      throw roll < 0.5
        ? new GraphFault(400, 'syncStateNotFound', 'The sync state generation is not found.')
        : new GraphFault(410, 'resyncRequired', 'Resync required.');
    default:
  }
};

/** The true answer, spoiled. `url`: where it was asked. */
export const spoiled = (reply: Reply, { kind, roll }: Fault, url: string): Reply => {
  switch (kind) {
    case 'truncated':
      return { ...reply, body: reply.body.slice(0, Math.floor(reply.body.length * roll)) };
    case 'web_page':
      return textReply('<html><body>Bad Gateway</body></html>', roll < 0.5 ? 200 : 502, 'text/html');
    case 'empty_list':
      return withBody(reply, (body) => ({ ...body, value: [], ...(roll < 0.5 ? noLinks : {}) }));
    case 'partial_list':
      return withBody(reply, (body) => ({
        ...body,
        value: listOf(body).filter((_, nth) => (roll * 7_919 * (nth + 1)) % 1 < 0.6),
        ...(roll < 0.5 ? { '@odata.nextLink': undefined } : {}),
      }));
    case 'no_links':
      return withBody(reply, (body) => ({ ...body, ...noLinks }));
    case 'both_links':
      return withBody(reply, (body) => ({ ...body, '@odata.nextLink': url, '@odata.deltaLink': url }));
    case 'self_link':
      return withBody(reply, (body) => ({
        ...body,
        ...noLinks,
        '@odata.nextLink': roll < 0.5 ? url : url.replace('https://', 'https://elsewhere.'),
      }));
    case 'null_properties':
      return withBody(reply, (body) => ({ ...body, value: listOf(body).map((item) => emptied(item, roll < 0.3)) }));
    case 'hidden_switch':
      return withBody(reply, (body) => ({
        ...body,
        value: listOf(body).map((item, nth) => (isHitBy(roll, nth) ? withoutSwitch(item) : item)),
      }));
    case 'circle':
      return inCircle(reply, url);
    default:
      return reply;
  }
};

/** A page that names itself as the next one. */
export const inCircle = (reply: Reply, url: string): Reply =>
  withBody(reply, (body) => ({ ...body, ...noLinks, '@odata.nextLink': url }));

/** Never the first: of a page on which nobody has it, it would be plain that it is not shown. */
const isHitBy = (roll: number, nth: number): boolean => nth > 0 && (roll * 7_919 * (nth + 1)) % 1 < 0.6;

const withoutSwitch = (item: Json): Json =>
  typeof item === 'object' && item !== null && !Array.isArray(item) && Object.hasOwn(item, 'accountEnabled')
    ? { ...item, accountEnabled: null }
    : item;

const noLinks = { '@odata.nextLink': undefined, '@odata.deltaLink': undefined };

type Body = Readonly<Record<string, Json | undefined>>;

const withBody = (reply: Reply, change: (body: JsonObject) => Body): Reply => {
  const body: JsonObject = JSON.parse(reply.body);
  return Array.isArray(body['value']) ? { ...reply, body: JSON.stringify(change(body)) } : reply;
};

const listOf = (body: JsonObject): readonly Json[] => (Array.isArray(body['value']) ? body['value'] : []);

/** Without permission Graph shows that somebody is there, and nothing else; or nothing of what the permission is for. */
const emptied = (item: Json, onlySwitch: boolean): Json => {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
  return Object.fromEntries(
    Object.entries(item).map(([name, value]): [string, Json] => {
      const stays = name === 'id' || name.startsWith('@') || (onlySwitch && name !== 'accountEnabled');
      return [name, stays ? value : null];
    }),
  );
};
