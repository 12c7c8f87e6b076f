/**
 * What the target says of itself (RFC 7644 §4). A hint and no more: many answer 404, nothing, or something untrue, and then the usual is assumed
 * until a request shows otherwise.
 */

import { z } from 'zod';
import type { JsonObject } from '../../model/target-record.ts';
import type { Client } from './client.ts';
import { isSuccess, isThrottle, unreadable } from './errors.ts';
import type { Endpoints } from './requests.ts';

export type Profile = {
  /** Whether there is a ServiceProviderConfig at all. */
  readonly described: boolean;
  /** Some of it could not be read, so that the usual stands for it until it is asked for again. */
  readonly isProvisional: boolean;
  readonly patch: boolean;
  readonly groups: boolean;
  /** Whether `If-Match` means something. */
  readonly versions: boolean;
  /** Objects asked for on one page. */
  readonly pageSize: number;
  readonly endpoints: Endpoints;
};

export const usualEndpoints: Endpoints = { user: '/Users', group: '/Groups' };

/** `showsUsers`: whether the users show themselves right now, at the usual place. Throws `TargetError`. */
export const readProfile = async (client: Client, showsUsers: ShowsUsers, signal: AbortSignal): Promise<Profile> => {
  const read = (endpoint: string): Promise<Said> => readIfOffered(client, endpoint, showsUsers, signal);
  const [config, described] = [await read('/ServiceProviderConfig'), await read('/ResourceTypes')];
  const types = resourceTypes.parse(jsonOf(described) ?? {}).Resources;
  const { patch, etag, filter } = serviceProviderConfig.parse(jsonOf(config) ?? {});
  const endpoint = (name: string): string | undefined =>
    types.find((type) => type.name?.toLowerCase() === name)?.endpoint;
  return {
    described: jsonOf(config) !== null,
    isProvisional: config === 'not_now' || described === 'not_now',
    patch: patch?.supported ?? true,
    groups: endpoint('user') === undefined || endpoint('group') !== undefined,
    versions: etag?.supported ?? false,
    pageSize: Math.min(filter?.maxResults ?? pageSize, pageSize),
    endpoints: {
      user: endpoint('user') ?? usualEndpoints.user,
      group: endpoint('group') ?? usualEndpoints.group,
    },
  };
};

type ShowsUsers = (signal: AbortSignal) => Promise<boolean>;

/** `not_now`: it works, and this cannot be read, which may be so for ever or for a minute. */
type Said = { readonly json: JsonObject } | 'not_offered' | 'not_now';
const jsonOf = (said: Said): JsonObject | null => (typeof said === 'string' ? null : said.json);

const pageSize = 100;

/**
 * A credential that cannot read it may still do all the rest, and some targets answer it with a fault, or lead elsewhere, as long as they live. So a target
 * that shows its users right then has merely not said it; one that does not is out of order, or another server speaks for it, and nothing is learned of that.
 */
const readIfOffered = async (
  client: Client,
  endpoint: string,
  showsUsers: ShowsUsers,
  signal: AbortSignal,
): Promise<Said> => {
  const request = { method: 'GET', endpoint } as const;
  const answer = await client.send(request, signal);
  if (isSuccess(answer) && answer.body.kind === 'json') return { json: answer.body.json };
  if (isSuccess(answer) && answer.body.kind === 'none') return 'not_offered';
  const isRefused = notOffered.includes(answer.status) && !isThrottle(answer);
  if (isRefused && answer.body.kind !== 'page') return 'not_offered';
  const asksToWait = isThrottle(answer) || answer.status === 503;
  if (asksToWait || !(await showsUsers(signal)))
    throw isSuccess(answer) ? unreadable(request, answer) : client.refusal(request, answer);
  // Many frameworks have a page for what is not there.
  return isRefused ? 'not_offered' : 'not_now';
};

const notOffered: readonly number[] = [401, 403, 404, 405, 501];

const supported = z.object({ supported: z.boolean() }).optional().catch(undefined);

const serviceProviderConfig = z.object({
  patch: supported,
  etag: supported,
  filter: z
    .object({ maxResults: z.int().min(1).optional().catch(undefined) })
    .optional()
    .catch(undefined),
});

const resourceTypes = z.object({
  Resources: z
    .array(
      z.object({
        name: z.string().optional().catch(undefined),
        /** Relative to the base URL (RFC 7643 §6). Anything else would lead away from it. */
        endpoint: z
          .string()
          .regex(/^(\/[\w-]+(\.[\w-]+)*)+$/)
          .optional()
          .catch(undefined),
      }),
    )
    .catch([])
    .default([]),
});
