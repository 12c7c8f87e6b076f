/** What one connected target knows of the system behind it: what that says of itself, and what requests have taught. */

import type { RemoteId } from '../../model/ids.ts';
import type { ObjectType } from '../../model/source-object.ts';
import type { World } from '../../model/world.ts';
import { type Client, connectClient } from './client.ts';
import { type Profile, readProfile } from './profile.ts';
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
  /** Whom the target has shown: who they are says that it is there. */
  readonly shown: Shown;
};

export type Shown = {
  note(type: ObjectType, id: RemoteId): void;
  /** A few, the latest first. */
  latest(type: ObjectType): readonly RemoteId[];
};

export type Learned = {
  /** Whether PATCH works; null: not tried yet. Some targets have it for users only. */
  patch: Record<ObjectType, boolean | null>;
  membersPerRequest: number;
  /** Answers to member changes got long; from then on they are asked for without the members. */
  quiet: boolean;
  /** A filter that finds nobody is answered with 404. */
  answersNobodyWith404: Record<ObjectType, boolean>;
  /** The members of some group were shown: so whoever is not shown is not in it. */
  membersShown: boolean;
  /** Members can be written and not read, so a list that is read, changed and written back would lose everybody else. */
  membersHidden: boolean;
};

export const startSession = (settings: ScimSettings, world: World, transport: Transport): Session => {
  const client = connectClient(settings, world, transport);
  let reading: Promise<Profile> | null = null;
  let known: Profile | null = null;
  const read = async (signal: AbortSignal): Promise<Profile> => {
    try {
      known = await readProfile(client, signal);
      return known;
    } catch (error) {
      reading = null;
      throw error;
    }
  };
  return {
    client,
    settings,
    world,
    learned: {
      patch: { user: null, group: null },
      membersPerRequest: settings.members_per_request,
      quiet: false,
      answersNobodyWith404: { user: false, group: false },
      membersShown: false,
      membersHidden: false,
    },
    recent: recentWrites(world),
    profile: (signal) => {
      reading ??= read(signal);
      return reading;
    },
    knownProfile: () => known,
    forgetProfile: () => {
      reading = null;
    },
    shown: lately(),
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
