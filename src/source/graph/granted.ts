/**
 * Whether what a read needs is granted, at its start and at its end. A token says what was granted when it was given (the claim `roles`), and Graph goes by
 * that, so to look costs no request. An application may also read by a directory role, which is no permission, or have a token that says nothing: then
 * the calls are the proof, at the start of a full read and at its end one that is made for it, and each page by itself (hidden.ts). But what was granted at the start and is not any
 * more was lost, and what the read showed since is not to be believed.
 */

import { z } from 'zod';
import { SourceError } from '../../model/errors.ts';
import type { Ask } from '../source.ts';
import type { GraphClient } from './client.ts';
import { attributeNeeds, groupsNeed, hiddenNeed, permissionOf, type Roles, usersNeed } from './permissions.ts';

/** Of what is needed, what a token says was granted at the start of a read; the place of the read keeps it. */
export type Granted = { readonly needs: readonly string[] };
export const GrantedPlace = z.object({ needs: z.array(z.string()).readonly() });

const proof: unique symbol = Symbol('still granted');
/** Proof that nothing of that was lost until the end. */
export type StillGranted = { readonly [proof]: true };

type What = Pick<Ask, 'scope' | 'attributes'>;
type Asking = Pick<GraphClient, 'granted'>;

/** Throws what stands in the way of a token. */
export const grantedNow = async (client: Asking, what: What, signal: AbortSignal): Promise<Granted> => ({
  needs: grantedOf(what, await client.granted(signal)) ?? [],
});

/** Throws `SourceError` `forbidden`, which names the permission that was lost. */
export const stillGranted = async (
  client: Asking,
  what: What,
  from: Granted,
  signal: AbortSignal,
): Promise<StillGranted> => {
  await withNoneLost(client, what, from, signal);
  return { [proof]: true };
};

/**
 * The same at the end of a read of everybody, who is gone for not being shown in it. A token says what was granted when it was given, which may be an hour
 * ago: so there is a new one. `prove`: a call that shows what is read, for what no token says.
 */
export const stillGrantedNow = async (
  client: Asking & Pick<GraphClient, 'renew'>,
  what: What,
  from: Granted,
  prove: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<StillGranted> => {
  client.renew();
  const now = await withNoneLost(client, what, from, signal);
  if (now === null || !now.includes(usersNeed.name)) await prove(signal);
  return { [proof]: true };
};

const withNoneLost = async (
  client: Asking,
  what: What,
  from: Granted,
  signal: AbortSignal,
): Promise<Granted['needs'] | null> => {
  const now = grantedOf(what, await client.granted(signal));
  const lost = now === null ? undefined : from.needs.find((name) => !now.includes(name));
  if (lost !== undefined) throw permissionLost(lost);
  return now;
};

/** The permissions that are needed, each by its least privileged name, as far as they are granted; null when the token does not say. */
const grantedOf = (what: What, roles: Roles | null): readonly string[] | null =>
  roles === null
    ? null
    : [usersNeed, groupsNeed(what), hiddenNeed, ...attributeNeeds(what.attributes).map(([, need]) => need)]
        .filter((need) => permissionOf(need, roles).granted === true)
        .map(({ name }) => name);

const permissionLost = (name: string): SourceError =>
  new SourceError(
    'forbidden',
    `The application permission ${name} was taken back while the tenant was read. Nothing of that read is used.`,
    { code: 'PermissionLost', mend: { owner: 'customer_it', todo: `Grant ${name} again, with admin consent.` } },
  );
