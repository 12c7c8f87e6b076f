/** Looks at one account by its id, or at who is in one group. A target that refuses to show this one says nothing about it, and is not out of order. */

import { TargetError } from '../model/errors.ts';
import type { RemoteId } from '../model/ids.ts';
import type { Link, RemoteObject } from '../model/operation.ts';
import type { Inventory, Target } from '../target/target.ts';

/** `null`: it is gone. */
export type Glance = { readonly link: Link; readonly remote: RemoteObject | null | 'refused' };

export const glanceAt = async (target: Target, link: Link, signal: AbortSignal): Promise<Glance> => {
  try {
    return { link, remote: await target.get(link.ref.type, link.remoteId, signal) };
  } catch (error) {
    if (error instanceof TargetError && error.fault === 'rejected') return { link, remote: 'refused' };
    throw error;
  }
};

/** Null: the group is gone, or its members cannot be read. */
export const membersShown = async (
  inventory: Inventory,
  group: RemoteId,
  signal: AbortSignal,
): Promise<readonly RemoteId[] | null> => {
  try {
    return await inventory.members(group, signal);
  } catch (error) {
    if (error instanceof TargetError && error.fault === 'rejected') return null;
    throw error;
  }
};
