/**
 * What the target says of itself (RFC 7644 §4). A hint and no more: many answer 404, nothing, or something untrue, and then the usual is assumed
 * until a request shows otherwise.
 */

import { z } from 'zod';
import type { JsonObject } from '../../model/target-record.ts';
import type { Client } from './client.ts';
import { isScimList, isSuccess, isThrottle, unreadable } from './errors.ts';
import { type Endpoints, nobodyRequest } from './requests.ts';

export type Profile = {
  /** Whether there is a ServiceProviderConfig at all. */
  readonly described: boolean;
  readonly patch: boolean;
  readonly groups: boolean;
  /** Whether `If-Match` means something. */
  readonly versions: boolean;
  /** Objects asked for on one page. */
  readonly pageSize: number;
  readonly endpoints: Endpoints;
};

export const usualEndpoints: Endpoints = { user: '/Users', group: '/Groups' };

export const readProfile = async (client: Client, signal: AbortSignal): Promise<Profile> => {
  const config = await readIfOffered(client, '/ServiceProviderConfig', signal);
  const types = resourceTypes.parse((await readIfOffered(client, '/ResourceTypes', signal)) ?? {}).Resources;
  const { patch, etag, filter } = serviceProviderConfig.parse(config ?? {});
  const endpoint = (name: string): string | undefined =>
    types.find((type) => type.name?.toLowerCase() === name)?.endpoint;
  return {
    described: config !== null,
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

const pageSize = 100;

/**
 * Null when the target does not offer it; a credential that cannot read it may still do all the rest. Whatever else is answered is of a target that is out of
 * order, or not of the target: nothing is learned of that, for it would be believed as long as the connection is kept. Throws `TargetError`.
 */
const readIfOffered = async (client: Client, endpoint: string, signal: AbortSignal): Promise<JsonObject | null> => {
  const request = { method: 'GET', endpoint } as const;
  const answer = await client.send(request, signal);
  if (isSuccess(answer)) {
    if (answer.body.kind === 'json') return answer.body.json;
    if (answer.body.kind === 'none') return null;
    throw unreadable(request, answer);
  }
  if (isThrottle(answer) || !notOffered.includes(answer.status)) throw client.refusal(request, answer);
  // Many frameworks have a page for what is not there; so have proxies without their target, and those show no users.
  if (answer.body.kind === 'page' && !isScimList(await client.send(nobodyRequest('user', usualEndpoints.user), signal)))
    throw client.refusal(request, answer);
  return null;
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
