/** How long the credentials of a connection still hold: what is left, and what of it is to be told. */

import type {
  Connection,
  Credential,
  CredentialName,
  CredentialPlace,
  CredentialStage,
  CredentialTold,
} from '../model/connection.ts';

type Kept = Pick<Connection, 'credentials' | 'credentialUse'>;

/** `daysLeft`: whole days; 0 on the last one, and from then on. `stage`: null while the end is further away than anybody needs to know. */
export type CredentialEnd = {
  readonly endsAt: Date;
  readonly daysLeft: number;
  readonly stage: CredentialStage | null;
};

/** The credential in this place; null where there is none, and of our own application, which is not the customer's to renew. */
export const credentialIn = ({ credentials }: Pick<Kept, 'credentials'>, place: CredentialPlace): Credential | null => {
  if (credentials === null || credentials.kind === 'admin_consent') return null;
  return place === 'first' ? credentials : (credentials.second ?? null);
};

/** What others are told that it is. */
export const nameOf = ({ credentials }: Pick<Kept, 'credentials'>, place: CredentialPlace): CredentialName =>
  credentials?.kind === 'admin_consent' ? 'our_application' : place;

/** Null when it does not end, or nobody knows when. */
export const endOf = (connection: Kept, place: CredentialPlace, now: Date): CredentialEnd | null => {
  const endsAt = endsAtOf(connection, place);
  return endsAt && { endsAt, daysLeft: daysLeft(endsAt, now), stage: stageOf(endsAt, now) };
};

/** The tenant's own record counts more than what a person typed. A certificate says itself when it ends. */
const endsAtOf = (connection: Kept, place: CredentialPlace): Date | null => {
  const noted = connection.credentialUse.read?.ends[place] ?? null;
  // Of our own application workers know it, and note it.
  if (connection.credentials?.kind === 'admin_consent') return noted;
  const credential = credentialIn(connection, place);
  switch (credential?.kind) {
    case 'client_secret':
      return noted ?? credential.endsAt ?? null;
    case 'certificate':
      return credential.endsAt;
    case 'workload_identity':
    case undefined:
      return null;
  }
};

const dayMs = 86_400_000;

export const daysLeft = (endsAt: Date, now: Date): number =>
  Math.max(0, Math.floor((endsAt.getTime() - now.getTime()) / dayMs));

/** The first that fits: less than so many days are left. */
const countdown = [
  [0, 'ended'],
  [1, '1_day'],
  [7, '7_days'],
  [14, '14_days'],
  [30, '30_days'],
  [60, '60_days'],
] as const satisfies readonly (readonly [number, CredentialStage])[];

export const stageOf = (endsAt: Date, now: Date): CredentialStage | null => {
  const leftMs = endsAt.getTime() - now.getTime();
  return countdown.find(([days]) => leftMs <= days * dayMs)?.[1] ?? null;
};

/** What is to be told of the credential in this place, and was not told yet. Of another end than before it is told anew. */
export const toBeTold = (connection: Kept, place: CredentialPlace, now: Date): CredentialTold | null => {
  const end = endOf(connection, place, now);
  if (end === null || end.stage === null) return null;
  const told = connection.credentialUse.told[place];
  const isTold = told?.stage === end.stage && told.endsAt.getTime() === end.endsAt.getTime();
  return isTold ? null : { endsAt: end.endsAt, stage: end.stage };
};

/** Whether the connection is without any credential once this one has ended. */
export const isLast = (
  connection: Kept,
  place: CredentialPlace,
  { endsAt }: Pick<CredentialEnd, 'endsAt'>,
): boolean => {
  const other = place === 'first' ? 'second' : 'first';
  if (credentialIn(connection, other) === null) return true;
  const otherEnd = endsAtOf(connection, other);
  return otherEnd !== null && otherEnd <= endsAt;
};

/** Whoever has to make another needs some days, and some to hand it over. */
const soon: readonly CredentialStage[] = ['30_days', '14_days', '7_days', '1_day', 'ended'];

/** The end after which the connection has no credential any more, once it is near. */
export const endAhead = (connection: Kept, now: Date): CredentialEnd | null => {
  for (const place of ['first', 'second'] as const) {
    const end = endOf(connection, place, now);
    if (end?.stage && soon.includes(end.stage) && isLast(connection, place, end)) return end;
  }
  return null;
};

/** It is looked at once a day, by whoever reads the tenant anyway. */
export const areEndsDue = ({ credentials, credentialUse }: Kept, now: Date): boolean => {
  const places = ['first', 'second'] as const;
  const isKnownElsewhere =
    credentials?.kind === 'admin_consent' ||
    places.some((place) => credentialIn({ credentials }, place)?.kind === 'client_secret');
  const { read } = credentialUse;
  return isKnownElsewhere && (read === null || now.getTime() - read.at.getTime() >= dayMs);
};
