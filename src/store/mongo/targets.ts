/** The collection of targets: small documents that people edit, kept through mongoose. */

import type mongoose from 'mongoose';
import { connectionId, organizationId, targetId } from '../../model/ids.ts';
import {
  type Approvals,
  defaultLimits,
  type Limits,
  type Loosened,
  type TargetRecord,
} from '../../model/target-record.ts';
import type { TargetEdit, TargetStore, Vault } from '../connection-store.ts';
import { keyset } from './keyset.ts';
import {
  createSealedRecords,
  flag,
  guarded,
  number,
  optional,
  type SealedDocument,
  sealedSchema,
  structure,
  text,
} from './sealed-records.ts';

/** How many had to approve stood beside when that was lowered, before the other safeguards went with it. */
type EarlierApprovals = { readonly needed: Approvals; readonly loweredAt: Date | null };

type EarlierLimits = Omit<Limits, 'groupDeletes' | 'adoptions'> & Partial<Limits>;
type EarlierLoosened = Omit<Loosened, 'from'> & {
  readonly from: Omit<Loosened['from'], 'limits'> & { readonly limits: EarlierLimits };
};

/**
 * What was stored before groups had a policy and a limit of their own lacks both; what was before two people could be needed, that; and what was before
 * accounts that are taken over were counted, that limit.
 */
type TargetDocument = Omit<
  TargetRecord,
  'id' | 'organization' | 'connection' | 'settings' | 'leftGroups' | 'limits' | 'approvals' | 'loosened'
> & {
  readonly approvals?: Approvals | EarlierApprovals;
  readonly loosened?: EarlierLoosened | null;
  readonly leftGroups?: TargetRecord['leftGroups'];
  readonly limits: EarlierLimits;
} & Pick<SealedDocument, '_id' | 'organization' | 'secrets'> & {
    readonly connection: string;
    /** JSON: the names of settings are the kind's, and may hold `$` or `.`. */
    readonly settings: string;
  };

export const name = 'targets';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [{ key: { connection: 1, _id: 1 } }];

const firstCredentials = { credentialVersion: 1 } as const;

const schema = sealedSchema({
  connection: text,
  kind: text,
  name: text,
  settings: text,
  credentialVersion: number,
  mapping: structure,
  matching: structure,
  deprovision: structure,
  leftGroups: text,
  limits: structure,
  protected: structure,
  escrow: structure,
  autoApproveFirst: flag,
  approvals: structure,
  loosened: optional,
});

export const createMongoTargetStore = (mongo: mongoose.Connection, vault: Vault, now: () => Date): TargetStore => {
  const model = mongo.model<SealedDocument>('Target', schema, name);
  const records = createSealedRecords<TargetDocument, TargetRecord, TargetEdit>({
    model,
    vault,
    now,
    toRecord: targetOf,
    toFields: ({ settings, ...rest }) => (settings ? { ...rest, settings: JSON.stringify(settings) } : rest),
  });

  return {
    ...records,
    add: ({ id, settings, ...rest }, secrets) =>
      records.add({ _id: id, settings: JSON.stringify(settings), ...rest }, secrets),
    secrets: ({ id, settings }) => records.secrets(id, JSON.stringify(settings)),
    of: async (connection) => {
      const found: TargetRecord[] = [];
      const pages = keyset<TargetRecord>((last, limit) => records.find({ connection }, last?.id ?? null, limit));
      for await (const page of pages) found.push(...page);
      return found;
    },
    forgetLoosened: async (id, at) => {
      await model.updateOne({ _id: id, 'loosened.at': at }, { $set: { loosened: null } }, guarded);
    },
  };
};

const targetOf = ({
  _id,
  organization,
  connection,
  settings,
  leftGroups = 'leave',
  approvals: kept = 1,
  loosened,
  limits: some,
  secrets: _,
  ...rest
}: TargetDocument): TargetRecord => {
  const limits = limitsOf(some);
  const [approvals, loweredAt] = typeof kept === 'number' ? [kept, null] : [kept.needed, kept.loweredAt];
  const lowered =
    loweredAt === null ? null : { from: { limits, protected: rest.protected, approvals: 2 } as const, at: loweredAt };
  return {
    // Of targets that were kept before credentials were counted.
    ...firstCredentials,
    ...rest,
    leftGroups,
    limits,
    approvals,
    loosened: loosened === undefined ? lowered : withLimits(loosened),
    id: targetId(_id),
    organization: organizationId(organization),
    connection: connectionId(connection),
    settings: JSON.parse(settings),
  };
};

const limitsOf = (some: EarlierLimits): Limits => ({
  ...some,
  groupDeletes: some.groupDeletes ?? defaultLimits.groupDeletes,
  adoptions: some.adoptions === undefined ? defaultLimits.adoptions : some.adoptions,
});

const withLimits = (loosened: EarlierLoosened | null): TargetRecord['loosened'] =>
  loosened && { ...loosened, from: { ...loosened.from, limits: limitsOf(loosened.from.limits) } };
