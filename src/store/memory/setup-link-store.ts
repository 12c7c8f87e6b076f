/** Setup links, in memory. */

import type { ConnectionId } from '../../model/ids.ts';
import type { SetupLink, SetupLinkStore } from '../setup-link-store.ts';

type Kept = { readonly link: SetupLink; readonly proof: string; readonly since: Date; readonly count: number };

export const createMemorySetupLinkStore = (now: () => Date): SetupLinkStore => {
  const links = new Map<ConnectionId, Kept>();
  return {
    open: async (link, proof) => {
      for (const [connection, { link: other }] of links) if (other.expiresAt <= now()) links.delete(connection);
      links.set(link.connection, { link, proof, since: now(), count: 0 });
    },
    find: async (connection) => {
      const kept = links.get(connection);
      return kept === undefined ? null : { link: kept.link, proof: kept.proof };
    },
    proofs: async function* () {
      for (const { link, proof } of links.values()) if (link.expiresAt > now()) yield proof;
    },
    close: async (connection) => {
      const kept = links.get(connection);
      links.delete(connection);
      return kept?.link ?? null;
    },
    attempt: async ({ connection, id }, { most, withinMs }) => {
      const kept = links.get(connection);
      if (kept === undefined || kept.link.id !== id) return false;
      const isOver = now().getTime() - kept.since.getTime() >= withinMs;
      const { since, count } = isOver ? { since: now(), count: 0 } : kept;
      if (count >= most) return false;
      links.set(connection, { ...kept, link: { ...kept.link, lastUsedAt: now() }, since, count: count + 1 });
      return true;
    },
    prune: async (at) => {
      for (const [connection, { link }] of links) if (link.expiresAt <= at) links.delete(connection);
    },
  };
};
