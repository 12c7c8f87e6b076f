import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { FormatTooNew } from '../../../src/model/errors.ts';
import { connectionId } from '../../../src/model/ids.ts';
import { assertFormat, claimFormat, currentFormat, knownSince } from '../../../src/store/mongo/format.ts';
import { createMongoStores } from '../../../src/store/mongo/index.ts';
import { createMongoLeases } from '../../../src/store/mongo/leases.ts';
import { createVault } from '../../../src/store/vault.ts';
import { installationContract } from '../../contract/installation-contract.ts';
import { openTestMongo } from '../../support/mongo.ts';

describe('the installation in MongoDB', async () => {
  const { mongo, close } = await openTestMongo();
  afterAll(close);
  installationContract(async (now) => createMongoStores(mongo, { now, vault: createVault(randomBytes(32)) }));
});

describe('the format of a database', async () => {
  const { mongo, close } = await openTestMongo();
  afterAll(close);
  const now = () => new Date();
  const older = { format: 1, program: '1.4.0' } as const;
  const newer = { format: currentFormat, program: '2.0.0' } as const;
  const ofOlder = createMongoLeases(mongo.db, now, 1);
  const ofNewer = createMongoLeases(mongo.db, now);
  const key = connectionId('con_1');

  it('is claimed by whoever starts first, and by nobody older after that', async () => {
    await claimFormat(mongo.db, older);
    await assertFormat(mongo.db, older);
    const held = await ofOlder.take(key, 'older', 60_000);
    expect(held).toMatchObject({ fence: 1 });
    await claimFormat(mongo.db, older);
    if ('fence' in held) await ofOlder.renew(held, 60_000);

    await claimFormat(mongo.db, newer);
    await expect(assertFormat(mongo.db, older)).rejects.toThrow(FormatTooNew);
    await expect(assertFormat(mongo.db, older)).rejects.toThrow(
      `The database is in format ${newer.format}, written by Entrain 2.0.0; this is Entrain 1.4.0, which knows formats up to 1. Start Entrain 2.0.0 or newer here.`,
    );
    await assertFormat(mongo.db, newer);
    if ('fence' in held) await expect(ofOlder.renew(held, 60_000)).rejects.toThrow('took con_1 over');
  });

  it('keeps every lease from an older worker, also one that is free or was never taken', async () => {
    expect(await ofOlder.take(key, 'older', 60_000)).toHaveProperty('busyUntil');
    expect(await ofNewer.take(key, 'newer', 60_000)).toMatchObject({ fence: 3 });
    const added = connectionId('con_2');
    expect(await ofNewer.take(added, 'newer', 1)).toMatchObject({ fence: 1 });
    expect(await ofOlder.take(added, 'older', 60_000)).toHaveProperty('busyUntil');
  });

  it('is another since there are runs and plans that the first version would take for something else', () => {
    expect(currentFormat).toBeGreaterThan(older.format);
    const since = (format: number) =>
      Object.values(knownSince).flatMap((known) =>
        Object.entries(known)
          .filter(([, first]) => first === format)
          .map(([name]) => name),
      );
    expect(since(2)).toEqual(expect.arrayContaining(['preview', 'reconcile', 'repair', 'undo', 'refused', 'expired']));
    for (const first of Object.values(knownSince).flatMap((known) => Object.values<number>(known)))
      expect(first).toBeLessThanOrEqual(currentFormat);
  });

  it('is not lowered by an older version that starts all the same', async () => {
    await claimFormat(mongo.db, older);
    await expect(assertFormat(mongo.db, older)).rejects.toThrow(FormatTooNew);
    expect(await ofOlder.take(key, 'older', 60_000)).toHaveProperty('busyUntil');
  });
});
