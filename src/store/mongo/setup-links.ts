/** The collection of setup links: a few, one a connection, with how often each was tried of late. */

import type mongoose from 'mongoose';
import { connectionId } from '../../model/ids.ts';
import type { SetupLink, SetupLinkStore } from '../setup-link-store.ts';
import type { Db } from './connect.ts';
import { isDuplicate } from './duplicates.ts';

type LinkDocument = Omit<SetupLink, 'connection'> & {
  readonly _id: string;
  readonly proof: string;
  readonly tries: { readonly since: Date; readonly count: number };
};

export const name = 'setup_links';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [{ key: { expiresAt: 1 } }];

export const createMongoSetupLinkStore = (db: Db, now: () => Date): SetupLinkStore => {
  const links = db.collection<LinkDocument>(name);

  const replace = async ({ connection, ...link }: SetupLink, proof: string): Promise<void> => {
    const document = { ...link, proof, tries: { since: now(), count: 0 } };
    await links.replaceOne({ _id: connection }, document, { upsert: true });
  };

  return {
    open: async (link, proof) => {
      await links.deleteMany({ expiresAt: { $lte: now() } });
      try {
        await replace(link, proof);
      } catch (error) {
        // Made twice at the same moment: the later one stays.
        if (!isDuplicate(error)) throw error;
        await replace(link, proof);
      }
    },
    find: async (connection) => {
      const found = await links.findOne({ _id: connection });
      return found === null ? null : { link: linkOf(found), proof: found.proof };
    },
    proofs: async function* () {
      const open = links.find({ expiresAt: { $gt: now() } }, { projection: { proof: 1 } });
      for await (const { proof } of open) yield proof;
    },
    close: async (connection) => {
      const found = await links.findOneAndDelete({ _id: connection });
      return found === null ? null : linkOf(found);
    },
    attempt: async ({ connection, id }, { most, withinMs }) => {
      const lastUsedAt = now();
      const before = new Date(lastUsedAt.getTime() - withinMs);
      const counted = async () =>
        (
          await links.updateOne(
            { _id: connection, id, 'tries.since': { $gt: before }, 'tries.count': { $lt: most } },
            { $set: { lastUsedAt }, $inc: { 'tries.count': 1 } },
          )
        ).matchedCount === 1;
      const begun = async () =>
        (
          await links.updateOne(
            { _id: connection, id, 'tries.since': { $lte: before } },
            { $set: { lastUsedAt, tries: { since: lastUsedAt, count: 1 } } },
          )
        ).matchedCount === 1;
      // Of two who begin anew at the same moment, one has begun, and the other is counted.
      return (await counted()) || (await begun()) || (await counted());
    },
    prune: async (at) => {
      await links.deleteMany({ expiresAt: { $lte: at } });
    },
  };
};

const linkOf = ({ _id, id, givenTo, createdAt, createdBy, expiresAt, lastUsedAt }: LinkDocument): SetupLink => ({
  id,
  connection: connectionId(_id),
  givenTo,
  createdAt,
  createdBy,
  expiresAt,
  lastUsedAt,
});
