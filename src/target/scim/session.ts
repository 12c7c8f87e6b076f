/** What one connected target knows of the system behind it: what that says of itself, and what requests have taught. */

import type { RemoteId } from '../../model/ids.ts';
import type { ObjectType } from '../../model/source-object.ts';
import type { JsonObject } from '../../model/target-record.ts';
import type { World } from '../../model/world.ts';
import { type Client, connectClient } from './client.ts';
import { isAbsent } from './errors.ts';
import { type Profile, readProfile } from './profile.ts';
import { type RecentWrites, recentWrites } from './recent-writes.ts';
import { getRequest, getWholeRequest } from './requests.ts';
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
};

export type Learned = {
  /** Whether PATCH works; null: not tried yet. Some targets have it for users only. */
  patch: Record<ObjectType, boolean | null>;
  membersPerRequest: number;
  /** Answers to member changes got long; from then on they are asked for without the members. */
  quiet: boolean;
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
      membersHidden: false,
    },
    recent: recentWrites(world),
    profile: (signal) => {
      reading ??= read(signal);
      return reading;
    },
    knownProfile: () => known,
  };
};

/** The same session, of which each request that changes something is announced first. */
export const watched = (session: Session, beforeWrite: () => void): Session => ({
  ...session,
  client: session.client.watched(beforeWrite),
});

export const offersGroups = ({ settings, knownProfile }: Session): boolean =>
  settings.groups ?? knownProfile()?.groups ?? true;

/** The resource by its id, `whole` with a group's members; null when it is gone. */
export const readResource = async (
  session: Session,
  type: ObjectType,
  id: RemoteId,
  signal: AbortSignal,
  options: { readonly whole?: boolean } = {},
): Promise<JsonObject | null> => {
  const { endpoints } = await session.profile(signal);
  const request = options.whole === true ? getWholeRequest(endpoints[type], id) : getRequest(type, endpoints[type], id);
  const answer = await session.client.send(request, signal);
  return isAbsent(answer) ? null : session.client.objectIn(request, answer);
};
