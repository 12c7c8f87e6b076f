/**
 * When client secrets end, by the record of the application in its own tenant (Graph, "application resource type"), where Application.Read.All was granted.
 * Which of its secrets is ours is told by the `hint`, the first three characters. A certificate says itself when it ends.
 */

import { z } from 'zod';
import type { CredentialEnds } from '../../model/connection.ts';
import type { GraphClient } from './client.ts';
import type { Shown } from './either.ts';
import { applicationNeed, permissionOf } from './permissions.ts';

const Password = z.object({ hint: z.string().nullish(), endDateTime: z.iso.datetime({ offset: true }).nullish() });
const Applications = z.object({ value: z.array(z.object({ passwordCredentials: z.array(Password) })) });

/** Of our own application the configuration tells it. */
export const ourEnds = ({ each: [{ endsAt }] }: { readonly each: readonly [Shown, ...Shown[]] }): CredentialEnds =>
  endsAt === null ? {} : { first: endsAt };

/** Null where we may not look, and where the application is of another tenant. No request is made without the permission. */
export const readEnds = async (
  client: Pick<GraphClient, 'ask' | 'granted' | 'world'>,
  application: { readonly clientId: string; readonly each: readonly Shown[] },
  signal: AbortSignal,
): Promise<CredentialEnds | null> => {
  const roles = await client.granted(signal);
  const secrets = application.each.filter(({ hint }) => hint !== null);
  if (secrets.length === 0 || permissionOf(applicationNeed, roles).granted !== true) return null;
  const filter = encodeURIComponent(`appId eq '${application.clientId}'`);
  const question = { method: 'GET', at: `/applications?$filter=${filter}&$select=id,passwordCredentials` } as const;
  const [found] = (await client.ask(question, Applications, signal)).value;
  if (found === undefined) return null;
  const now = client.world.now();
  return Object.fromEntries(
    secrets.flatMap(({ place, hint }) => {
      const endsAt = endOfHint(found.passwordCredentials, hint, now);
      return endsAt === null ? [] : [[place, endsAt] as const];
    }),
  );
};

/** Of several that begin alike the one that ends next: to be warned too early is no harm. One that has ended is taken when there is no other. */
const endOfHint = (passwords: readonly z.output<typeof Password>[], ours: string | null, now: Date): Date | null => {
  const ends = passwords
    .flatMap(({ hint, endDateTime }) => (hint === ours && endDateTime ? [new Date(endDateTime)] : []))
    .sort((a, b) => a.getTime() - b.getTime());
  return ends.find((end) => end > now) ?? ends.at(-1) ?? null;
};
