/** What one connected target knows of the system behind it: what that says of itself, and what requests have taught. */

import type { RemoteId } from '../../model/ids.ts';
import type { ObjectType } from '../../model/source-object.ts';
import type { World } from '../../model/world.ts';
import type { Witnesses } from '../target.ts';
import { type Client, connectClient } from './client.ts';
import { type Collection, isShown, type Shown } from './collection.ts';
import { type Profile, readProfile, usualEndpoints } from './profile.ts';
import { type RecentWrites, recentWrites } from './recent-writes.ts';
import type { ScimSettings } from './settings.ts';
import type { Transport } from './transport.ts';

export type Session = {
  readonly client: Client;
  readonly settings: ScimSettings;
  readonly world: World;
  readonly learned: Learned;
  readonly recent: RecentWrites;
  /** Read once, before the first request that needs it. */
  profile(signal: AbortSignal): Promise<Profile>;
  /** As far as it was read yet. */
  knownProfile(): Profile | null;
  /** It is read anew before the next request that needs it. */
  forgetProfile(): void;
  readonly shown: Shown;
  readonly witnesses: Witnesses;
};

export type Learned = {
  /** Whether PATCH works; null: not tried yet. Some targets have it for users only. */
  patch: Record<ObjectType, boolean | null>;
  membersPerRequest: number;
  /** Answers to member changes got long; from then on they are asked for without the members. */
  quiet: boolean;
  /** A filter that finds nobody is answered with 404. */
  answersNobodyWith404: Record<ObjectType, boolean>;
  memberReads: MemberReads;
};

/**
 * `shown`: those of some group were, so whoever is not shown is not in it. `none_found`: no group shows any, which may be because nobody is in one.
 * `hidden`: they can be written and not read, so a list that is read, changed and written back would lose everybody else.
 */
export type MemberReads =
  | { readonly kind: 'unknown' | 'shown' | 'hidden' }
  | { readonly kind: 'none_found'; readonly at: Date };

export const startSession = (
  settings: ScimSettings,
  world: World & { readonly witnesses: Witnesses },
  transport: Transport,
): Session => {
  const { witnesses } = world;
  const client = connectClient(settings, world, transport);
  const learned: Learned = {
    patch: { user: null, group: null },
    membersPerRequest: settings.members_per_request,
    quiet: false,
    answersNobodyWith404: { user: false, group: false },
    memberReads: { kind: 'unknown' },
  };
  const shown = lately();
  return {
    client,
    settings,
    world,
    learned,
    recent: recentWrites(world),
    ...rememberedProfile({ client, learned, shown, witnesses }, world),
    shown,
    witnesses,
  };
};

/** Of what could not be read the target is asked again so soon. */
const provisionalMs = 5 * 60_000;

const rememberedProfile = (
  collection: Collection,
  { now }: Pick<World, 'now'>,
): Pick<Session, 'profile' | 'knownProfile' | 'forgetProfile'> => {
  let reading: { readonly since: number; readonly profile: Promise<Profile> } | null = null;
  let known: Profile | null = null;
  const showsUsers = (signal: AbortSignal): Promise<boolean> =>
    isShown(collection, 'user', usualEndpoints.user, signal);
  const read = async (signal: AbortSignal): Promise<Profile> => {
    try {
      const profile = await readProfile(collection.client, showsUsers, signal);
      // What it said of itself before is better than the usual.
      known = profile.isProvisional && known !== null ? { ...known, isProvisional: true } : profile;
      return known;
    } catch (error) {
      reading = null;
      throw error;
    }
  };
  const isOutdated = (): boolean =>
    known?.isProvisional === true && reading !== null && now().getTime() - reading.since >= provisionalMs;
  return {
    profile: (signal) => {
      if (isOutdated()) reading = null;
      reading ??= { since: now().getTime(), profile: read(signal) };
      return reading.profile;
    },
    knownProfile: () => known,
    forgetProfile: () => {
      reading = null;
    },
  };
};

const mostShown = 3;

const lately = (): Shown => {
  const ids: Record<ObjectType, readonly RemoteId[]> = { user: [], group: [] };
  return {
    note: (type, id) => {
      if (ids[type][0] !== id) ids[type] = [id, ...ids[type].filter((other) => other !== id)].slice(0, mostShown);
    },
    latest: (type) => ids[type],
  };
};

/** The same session, of which each request that changes something is announced first. */
export const watched = (session: Session, beforeWrite: () => void): Session => ({
  ...session,
  client: session.client.watched(beforeWrite),
});

export const offersGroups = ({ settings, knownProfile }: Session): boolean =>
  settings.groups ?? knownProfile()?.groups ?? true;
