/**
 * The format of what is kept, as one number that grows when an older version could not understand, or would spoil, what a newer one writes. The newest
 * version writes its number down when it starts. From then on an older one takes no lease, so it writes nothing; it stops, and does not start again.
 */

import { FormatTooNew } from '../../model/errors.ts';
import type { PlanKind, PlanState } from '../../model/plan.ts';
import type { Run } from '../../model/run.ts';
import type { Db } from './connect.ts';
import { type HeadDocument, headsName } from './heads.ts';
import { createMongoInstallation, type InstallationDocument, installationName, theOne } from './installation.ts';

/**
 * Since which format something may stand in a database that a worker decides by: one that does not know it would take it for something else. Whatever is
 * added here has a higher number than the last release wrote, together with what brings an older database to it (migrate.ts) and a line in the changelog.
 */
export const knownSince = {
  runs: { sync: 1, provision: 1, preview: 2, reconcile: 2 },
  plans: { first: 1, held: 1, dry_run: 1, repair: 2, undo: 2, preview: 2 },
  secrets: { v2: 2 },
  standings: { waiting: 1, approved: 1, rejected: 1, applied: 1, superseded: 1, refused: 2, expired: 2 },
} as const satisfies {
  readonly secrets: Readonly<Record<'v2', number>>;
  readonly runs: Readonly<Record<Run['kind'], number>>;
  readonly plans: Readonly<Record<PlanKind, number>>;
  readonly standings: Readonly<Record<PlanState, number>>;
};

/** What this version writes. */
export const currentFormat = Math.max(...Object.values(knownSince).flatMap((known) => Object.values<number>(known)));

/** `program`: the version of the product. */
export type Program = { readonly format: number; readonly program: string };

/** Throws `FormatTooNew` when a newer version has written here. */
export const assertFormat = async (db: Db, ours: Program): Promise<void> => {
  const found = await collectionOf(db).findOne({ _id: theOne }, { projection: { format: 1, program: 1 } });
  if (found === null || found.format <= ours.format) return;
  throw new FormatTooNew(
    `The database is in format ${found.format}, written by Entrain ${found.program}; this is Entrain ${ours.program}, which knows formats up to ` +
      `${ours.format}. Start Entrain ${found.program} or newer here. To go back to ${ours.program}, put back a backup from before the upgrade.`,
  );
};

/** Takes over from older versions: whoever of them is at work loses its lease, and none of them gets another. Harmless to repeat. */
export const claimFormat = async (db: Db, { format, program }: Program): Promise<void> => {
  await createMongoInstallation(db).id();
  await collectionOf(db).updateOne({ _id: theOne, format: { $lt: format } }, { $set: { format, program } });
  await db
    .collection<HeadDocument>(headsName)
    .updateMany({ format: { $not: { $gte: format } } }, { $set: { format, lease: null }, $inc: { fence: 1 } });
};

const collectionOf = (db: Db) => db.collection<InstallationDocument>(installationName);
