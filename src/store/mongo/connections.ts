/** The collection of connections: small documents that people edit, kept through mongoose. */

import mongoose from 'mongoose';
import { type Connection, unusedCredentials } from '../../model/connection.ts';
import { connectionId, organizationId } from '../../model/ids.ts';
import type { ConnectionEdit, ConnectionStore, Vault } from '../connection-store.ts';
import { keyset } from './keyset.ts';
import {
  createSealedRecords,
  guarded,
  noted,
  number,
  optional,
  type SealedDocument,
  sealedSchema,
  structure,
  text,
} from './sealed-records.ts';

/** What was kept before anything was noted of the credentials, of how reading goes, or of who named the tenant, lacks that. */
type Noted = Pick<Connection, 'credentialUse' | 'firstReadAt' | 'trouble' | 'toldUnwell' | 'namedBy'>;
type ConnectionDocument = Omit<Connection, 'id' | 'organization' | keyof Noted> &
  Partial<Noted> &
  Pick<SealedDocument, '_id' | 'organization' | 'secrets'>;

export const name = 'connections';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [{ key: { organization: 1, _id: 1 } }];

const schema = sealedSchema({
  vendor: text,
  name: text,
  description: optional,
  tenantId: optional,
  namedBy: optional,
  cloud: text,
  credentials: optional,
  credentialUse: noted,
  firstReadAt: optional,
  trouble: optional,
  toldUnwell: optional,
  scope: structure,
  attributes: structure,
  refreshIntervalSecs: number,
  fullSyncIntervalSecs: number,
  timeoutSecs: number,
  shrinkLimit: structure,
});

export const createMongoConnectionStore = (
  mongo: mongoose.Connection,
  vault: Vault,
  now: () => Date,
): ConnectionStore => {
  const model = mongo.model<SealedDocument>('Connection', schema, name);
  const records = createSealedRecords<ConnectionDocument, Connection, ConnectionEdit>({
    model,
    vault,
    now,
    toRecord: connectionOf,
    toFields: (edit) => edit,
  });

  return {
    ...records,
    add: ({ id, ...rest }, secrets) => records.add({ _id: id, ...rest }, secrets),
    list: async ({ organizations }, after, limit) => {
      const where = organizations === undefined ? {} : { organization: organizations };
      const found = await records.find(where, after, limit + 1);
      const items = found.slice(0, limit);
      return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    all: () => keyset<Connection>((last, limit) => records.find({}, last?.id ?? null, limit)),
    noteReading: async (id, revision, note) => {
      await model.updateOne({ _id: id, revision }, { $set: note }, guarded);
    },
    noteUse: async (id, revision, note) => {
      const fields = Object.entries(note).map(([field, value]) => [`credentialUse.${field}`, value] as const);
      await model.updateOne({ _id: id, revision }, { $set: Object.fromEntries(fields) }, guarded);
    },
    noteTold: async (id, revision, place, told) => {
      const at = `credentialUse.told.${place}`;
      const isNew = Object.entries(told).map(([field, value]) => ({
        [`${at}.${field}`]: mongoose.trusted({ $ne: value }),
      }));
      const { modifiedCount } = await model.updateOne(
        { _id: id, revision, $or: isNew },
        { $set: { [at]: told } },
        guarded,
      );
      return modifiedCount === 1;
    },
  };
};

const connectionOf = ({ _id, organization, secrets: _, ...rest }: ConnectionDocument): Connection => ({
  ...rest,
  credentialUse: { ...unusedCredentials, ...rest.credentialUse },
  firstReadAt: rest.firstReadAt ?? null,
  trouble: rest.trouble ?? null,
  toldUnwell: rest.toldUnwell ?? null,
  namedBy: rest.namedBy ?? 'operator',
  // Records from before there were descriptions have none.
  description: rest.description ?? null,
  id: connectionId(_id),
  organization: organizationId(organization),
});
