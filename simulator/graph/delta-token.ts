/** The places that delta links and next links of delta queries carry, and when they are too old. */

import { z } from 'zod';
import type { Call } from './call.ts';
import { decodeToken, encodeToken } from './page-token.ts';
import { badRequest, GraphFault } from './reply.ts';

const asked = {
  tenant: z.string(),
  resource: z.enum(['users', 'groups']),
  select: z.array(z.string()).nullable(),
  ids: z.array(z.string()).nullable(),
  issuedMs: z.number(),
  epoch: z.number(),
};

/** The end of a round: the place in the change log to go on from, and the one before, which a replay goes back to. */
const linkToken = z.object({ ...asked, after: z.number(), before: z.number() });

/**
 * Within a round: which part of the log or of the directory it covers, fixed at its start, and how far it came.
 * `member` is the place within the members of the group at `place`.
 */
const pageToken = z.object({
  ...asked,
  first: z.boolean(),
  after: z.number(),
  upTo: z.number(),
  size: z.number(),
  place: z.number(),
  member: z.number(),
  emptied: z.boolean(),
});

export type LinkToken = z.infer<typeof linkToken>;
export type PageToken = z.infer<typeof pageToken>;
export type Resource = LinkToken['resource'];

export const deltaLink = (call: Call, token: LinkToken): string =>
  `${call.base}/${token.resource}/delta?$deltatoken=${encodeToken(token)}`;

export const nextLink = (call: Call, token: PageToken): string =>
  `${call.base}/${token.resource}/delta?$skiptoken=${encodeToken(token)}`;

export function readLinkToken(call: Call, resource: Resource, text: string): LinkToken {
  const token = decodeToken(linkToken, text);
  checkOrigin(call, resource, token);
  const tooOld = call.nowMs - token.issuedMs > call.knobs.deltaLinkLifeMs;
  if (tooOld || token.epoch !== call.tenant.deltaEpoch) throw expiredLink(call, resource);
  return token;
}

export function readPageToken(call: Call, resource: Resource, text: string): PageToken {
  const token = decodeToken(pageToken, text);
  checkOrigin(call, resource, token);
  const tooOld = call.nowMs - token.issuedMs > call.knobs.deltaPageLifeMs;
  if (tooOld || token.epoch !== call.tenant.pageEpoch) {
    throw new GraphFault(
      400,
      'Directory_ExpiredPageToken',
      'The specified page token value has expired and can no longer be included in your request.',
    );
  }
  return token;
}

/** The two ways documents give: an error code (devblogs), or 410 with the address of a new start (delta-query-overview). */
export function expiredLink(call: Call, resource: Resource): GraphFault {
  if (call.knobs.deltaExpiry === 'gone') {
    const location = `${call.base}/${resource}/delta?$deltatoken=`;
    return new GraphFault(
      410,
      'resyncRequired',
      'Resync required. Replace any local items with the version from the server.',
      {
        Location: location,
      },
    );
  }
  const message =
    'The sync state generation is not found. The delta token is expired and data must be synchronized again.';
  return new GraphFault(400, 'syncStateNotFound', message);
}

function checkOrigin(call: Call, resource: Resource, token: { tenant: string; resource: Resource }): void {
  if (token.tenant !== call.tenant.id || token.resource !== resource) throw badRequest('Badly formed token.');
}
