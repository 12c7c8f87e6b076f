/** Looks at one account by its id. A target that refuses to show this one says nothing about it, and is not out of order. */

import { TargetError } from '../model/errors.ts';
import type { Link, RemoteObject } from '../model/operation.ts';
import type { Target } from '../target/target.ts';

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
