/** The collection of the installation: one document, counted up by every worker now and then. */

import { randomUUID } from 'node:crypto';
import { firstCountOf, firstVersionOf, hasGoneBack } from '../../core/epoch.ts';
import { organizationId } from '../../model/ids.ts';
import { claimMs, type DataKeysAsked, type Installation, mostRestores, type Restore } from '../installation.ts';
import type { Db } from './connect.ts';
import { isDuplicate } from './duplicates.ts';
import { type HeadDocument, headsName } from './heads.ts';
import { wholePartOf } from './places.ts';

export type InstallationDocument = {
  readonly _id: string;
  readonly id: string;
  readonly count: number;
  readonly restores: readonly Restore[];
  /** Missing until somebody asks. */
  readonly dataKeysAsked?: DataKeysAsked;
  /** See format.ts. */
  readonly format: number;
  readonly program: string;
};

type ClaimDocument = { readonly _id: string; readonly organization: string; readonly at: Date };

export const installationName = 'installation';
export const theOne = 'installation';

export const createMongoInstallation = (db: Db): Installation => {
  const collection = db.collection<InstallationDocument>(installationName);
  const heads = db.collection<HeadDocument>(headsName);
  const claims = db.collection<ClaimDocument>('tenant_claims');

  const count = async (by: number): Promise<{ readonly id: string; readonly count: number }> => {
    const document = await collection.findOneAndUpdate(
      { _id: theOne },
      { $inc: { count: by }, $setOnInsert: { id: randomUUID(), restores: [], format: 0, program: '' } },
      { upsert: true, returnDocument: 'after', projection: { id: 1, count: 1 } },
    );
    if (document === null) throw new Error('MongoDB counted, and did not say how far.');
    return { id: document.id, count: document.count };
  };

  const dataKeysAsked = async (): Promise<DataKeysAsked | null> =>
    (await collection.findOne({ _id: theOne }, { projection: { dataKeysAsked: 1 } }))?.dataKeysAsked ?? null;

  return {
    id: async () => (await count(0)).id,
    count: async (mark) => {
      const before = await count(0);
      return hasGoneBack(before.count, mark) ? before : await count(1);
    },
    fence: async (epoch, at) => {
      const first = firstCountOf(epoch);
      const before = { fence: { $lt: first } };
      const anew = (draft: HeadDocument['draft']) => ({
        $set: {
          fence: first,
          lease: null,
          watermark: null,
          fullAt: null,
          roster: null,
          restored: { epoch, at },
          draft,
        },
        $max: { opened: firstVersionOf(epoch) },
      });
      // What a draft staged is found by its number, and this head will have another: the next draft forgets it all the same.
      const drafts = heads.find({ ...before, draft: { $ne: null } }, { projection: { opened: 1, draft: 1 } });
      for await (const { _id, opened, draft } of drafts) {
        const parts = [...(draft?.parts ?? []), wholePartOf(opened)];
        await heads.updateOne({ _id, opened, ...before }, anew({ signature: 'before the restore', parts }));
      }
      await heads.updateMany(before, anew(null));
    },
    begin: async (restore) => {
      await collection.updateOne(
        { _id: theOne, count: { $lt: firstCountOf(restore.epoch) } },
        {
          $set: { count: firstCountOf(restore.epoch) },
          $push: { restores: { $each: [restore], $slice: -mostRestores } },
        },
      );
    },
    claimTenant: async (tenant, organization, at) => {
      await claims.deleteMany({ at: { $lt: new Date(at.getTime() - claimMs) } });
      try {
        await claims.updateOne({ _id: tenant, organization }, { $max: { at } }, { upsert: true });
        return organization;
      } catch (error) {
        // There is one of another organization.
        if (!isDuplicate(error)) throw error;
        const held = await claims.findOne({ _id: tenant });
        return held === null ? organization : organizationId(held.organization);
      }
    },
    dataKeysAsked: async () => await dataKeysAsked(),
    askForDataKeys: async (asked, instead) => {
      // The document is there once its id was asked for.
      await count(0);
      const before = instead === null ? { dataKeysAsked: { $exists: false } } : { 'dataKeysAsked.at': instead };
      await collection.updateOne({ _id: theOne, ...before }, { $set: { dataKeysAsked: asked } });
      return (await dataKeysAsked()) ?? asked;
    },
    restores: async () => {
      const document = await collection.findOne({ _id: theOne }, { projection: { restores: 1 } });
      return document?.restores.toReversed() ?? [];
    },
  };
};
