/** The collection of connections: small documents that people edit, kept through mongoose. */

import type mongoose from 'mongoose';
import type { Connection } from '../../model/connection.ts';
import { connectionId, organizationId } from '../../model/ids.ts';
import type { ConnectionEdit, ConnectionStore, Vault } from '../connection-store.ts';
import { keyset } from './keyset.ts';
import {
  createSealedRecords,
  number,
  optional,
  type SealedDocument,
  sealedSchema,
  structure,
  text,
} from './sealed-records.ts';

type ConnectionDocument = Omit<Connection, 'id' | 'organization'> &
  Pick<SealedDocument, '_id' | 'organization' | 'secrets'>;

export const name = 'connections';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [{ key: { organization: 1, _id: 1 } }];

const schema = sealedSchema({
  vendor: text,
  name: text,
  description: optional,
  tenantId: optional,
  cloud: text,
  credentials: optional,
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
  const records = createSealedRecords<ConnectionDocument, Connection, ConnectionEdit>({
    model: mongo.model<SealedDocument>('Connection', schema, name),
    vault,
    now,
    toRecord: connectionOf,
    toFields: (edit) => edit,
  });

  return {
    ...records,
    add: ({ id, ...rest }, secrets) => records.add({ _id: id, ...rest }, secrets),
    list: async ({ organization }, after, limit) => {
      const found = await records.find(organization === undefined ? {} : { organization }, after, limit + 1);
      const items = found.slice(0, limit);
      return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    all: () => keyset<Connection>((last, limit) => records.find({}, last?.id ?? null, limit)),
  };
};

const connectionOf = ({ _id, organization, secrets: _, ...rest }: ConnectionDocument): Connection => ({
  ...rest,
  // Records from before there were descriptions have none.
  description: rest.description ?? null,
  id: connectionId(_id),
  organization: organizationId(organization),
});
