/** How faithfully the simulated target follows the RFCs: one switch per habit seen in real targets, and three sets of them. */

import { z } from 'zod';

export const knobsSchema = z.strictObject({
  /** How long every answer takes. */
  latencyMs: z.number().min(0),
  /** Reads `"False"` as a boolean, one value as a list, and a bare string as `{ value }`. */
  coercesValues: z.boolean(),
  /** Takes what Entra's provisioning service sends without `aadOptscim062020`. */
  acceptsEntraDialect: z.boolean(),
  unknownAttributes: z.enum(['refused', 'ignored']),
  userNameCollisions: z.enum(['refused', 'other_case_accepted', 'accepted']),
  danglingReferences: z.enum(['refused', 'accepted']),
  filters: z.enum(['honoured', 'case_sensitive', 'ignored']),
  /** Some targets answer a filter that matches nobody with 404. */
  noMatch: z.enum(['empty_list', 'not_found']),
  /** Some show single resources and what a filter finds, and no list of everybody; others say 404 of an empty one. */
  unfiltered: z.enum(['listed', 'not_found', 'not_found_when_empty']),
  /** `hidden`: members can be written and never read. */
  memberReads: z.enum(['returned', 'hidden']),
  membersPerPatch: z.int().min(1),
  tooManyMembers: z.union([z.literal(413), z.literal(400)]),
  /** The largest page. */
  maxResults: z.int().min(1),
  paging: z.enum(['index', 'cursor']),
  patch: z.enum(['supported', 'unsupported']),
  /** What a PATCH is answered with where the RFC leaves the choice; `by_type`: the user, but 204 for a group, whose members may be many. */
  patchAnswer: z.enum(['by_type', 'resource', 'no_content']),
  /** `decorative`: an ETag header that is no SCIM version, and If-Match ignored. */
  versions: z.enum(['honoured', 'decorative']),
  /** Above it 429 is answered. 0: no limit. */
  requestsPerSecond: z.number().min(0),
  /** Every n-th write is answered as if it had been done. 0: none. */
  lostWriteEvery: z.int().min(0),
  /** Every n-th write is done and answered with 500. 0: none. */
  failedAfterCommitEvery: z.int().min(0),
});

export type Knobs = z.infer<typeof knobsSchema>;
export type Personality = 'strict' | 'lenient' | 'lossy';

const strict: Knobs = {
  latencyMs: 0,
  coercesValues: false,
  acceptsEntraDialect: false,
  unknownAttributes: 'refused',
  userNameCollisions: 'refused',
  danglingReferences: 'refused',
  filters: 'honoured',
  noMatch: 'empty_list',
  unfiltered: 'listed',
  memberReads: 'returned',
  membersPerPatch: 1000,
  tooManyMembers: 413,
  maxResults: 200,
  paging: 'index',
  patch: 'supported',
  patchAnswer: 'by_type',
  versions: 'honoured',
  requestsPerSecond: 0,
  lostWriteEvery: 0,
  failedAfterCommitEvery: 0,
};

const lenient: Knobs = { ...strict, coercesValues: true, acceptsEntraDialect: true, unknownAttributes: 'ignored' };

const lossy: Knobs = {
  ...lenient,
  userNameCollisions: 'accepted',
  danglingReferences: 'accepted',
  filters: 'ignored',
  memberReads: 'hidden',
  versions: 'decorative',
  lostWriteEvery: 7,
  failedAfterCommitEvery: 11,
};

export const personalities: Readonly<Record<Personality, Knobs>> = { strict, lenient, lossy };
