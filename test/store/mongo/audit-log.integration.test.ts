import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { plainHosts } from '../../../scripts/services/plain-hosts.ts';
import { verifyChain } from '../../../src/store/audit-chain.ts';
import { createMongoAuditLog, name } from '../../../src/store/mongo/audit-log.ts';
import { type Mongo, openMongo } from '../../../src/store/mongo/connect.ts';
import { migrate } from '../../../src/store/mongo/migrate.ts';
import { auditLogContract } from '../../contract/audit-log-contract.ts';
import { anEntry } from '../../support/audit.ts';
import { freshDatabase } from '../../support/fresh.ts';
import { watchCommands } from '../../support/mongo-monitor.ts';

const { uri } = freshDatabase();
let mongo: Mongo;
let assertOnlyPlainCommands: () => void;

beforeAll(async () => {
  mongo = await openMongo(uri, { monitorCommands: true });
  assertOnlyPlainCommands = watchCommands(mongo);
  await migrate(mongo);
});
beforeEach(async () => {
  for (const collection of [name, 'audit_noted']) await mongo.db.collection(collection).deleteMany({});
});
afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
  assertOnlyPlainCommands();
});

auditLogContract(async (now) => () => createMongoAuditLog(mongo.db, now));

describe('whoever gets at the database', () => {
  const withFive = async () => {
    const { db } = mongo;
    const log = createMongoAuditLog(db, () => new Date('2026-03-01T08:00:00.000Z'));
    for (let nth = 1; nth <= 5; nth += 1) await log.append(anEntry({ action: `act ${nth}` }));
    const entries = db.collection<{ _id: number; text: string; hash: string; action: string }>(name);
    return { entries, verdict: async () => verifyChain(log.scan({}), await log.noted()), log };
  };
  const brokenAt = (seq: number, why: RegExp) => ({
    whole: false,
    entries: seq - 1,
    broken: expect.objectContaining({ seq, why: expect.stringMatching(why) }),
  });

  it('cannot take out the last entry unnoticed', async () => {
    const { entries, verdict } = await withFive();
    await entries.deleteOne({ _id: 5 });
    expect(await verdict()).toEqual(brokenAt(5, /not there, and neither is any after it; there were 5/));
  });

  it('cannot have the last entries forgotten by the entries that come after', async () => {
    const { entries, verdict } = await withFive();
    await entries.deleteMany({ _id: { $gte: 4 } });
    const log = createMongoAuditLog(mongo.db, () => new Date('2026-03-01T09:00:00.000Z'));
    for (let nth = 1; nth <= 4; nth += 1) await log.append(anEntry({ action: `later ${nth}` }));
    expect(await verdict()).toEqual(brokenAt(4, /is not there; the next one is 6/));
  });

  it('cannot hide an entry by filing it elsewhere', async () => {
    const { entries, verdict } = await withFive();
    await entries.updateOne({ _id: 3 }, { $set: { action: 'another' } });
    expect(await verdict()).toEqual(brokenAt(3, /filed as something else/));
  });

  it('is found out at the first entry they touched', async () => {
    const { entries, verdict } = await withFive();
    const second = await entries.findOne({ _id: 2 });
    await entries.updateOne({ _id: 2 }, { $set: { text: second?.text.replace('desk', 'ops') ?? '' } });
    await entries.deleteOne({ _id: 4 });
    expect(await verdict()).toEqual(brokenAt(2, /was altered/));
  });
});

describe('npm run audit:verify', () => {
  /** As `npm run` would start it, with no setting but how the log is reached. */
  const verify = async (options: readonly string[] = [], env?: NodeJS.ProcessEnv) => {
    const hosts = await plainHosts({ mongoUri: uri, redisUrl: 'redis://127.0.0.1:1' });
    const program = spawn(process.execPath, ['scripts/audit-verify.ts', ...options], {
      cwd: join(import.meta.dirname, '../../..'),
      env: env ?? { MONGODB_URI: uri, ENTRAIN_PLAIN_HOSTS: hosts },
    });
    const [said, [code]] = await Promise.all([
      Promise.all([text(program.stdout), text(program.stderr)]),
      once(program, 'exit'),
    ]);
    return { code, said: said.join('') };
  };

  it('says that the chain is whole and what to note, and names the first entry that is not as it was', async () => {
    const { db } = mongo;
    const log = createMongoAuditLog(db, () => new Date('2026-03-01T08:00:00.000Z'));
    for (let nth = 1; nth <= 3; nth += 1) await log.append(anEntry());
    const whole = await verify();
    expect(whole).toMatchObject({ code: 0, said: expect.stringContaining('whole: 3 entries') });
    const noted = /(\d+:[0-9a-f]{64})/.exec(whole.said)?.[1] ?? '';
    await db.collection<{ _id: number }>(name).updateOne({ _id: 2 }, { $set: { text: '{}' } });
    const broken = await verify(['--expect', noted]);
    expect(broken).toMatchObject({ code: 1, said: expect.stringContaining('Entry 2 was altered') });
  });

  it('says of an export that it is unbroken as far as it goes, for its end may be cut off', async () => {
    const log = createMongoAuditLog(mongo.db, () => new Date('2026-03-01T08:00:00.000Z'));
    for (let nth = 1; nth <= 3; nth += 1) await log.append(anEntry());
    const lines: string[] = [];
    for await (const batch of log.scan({}))
      for (const { text, hash } of batch) lines.push(JSON.stringify({ ...JSON.parse(text), hash }));
    const folder = await mkdtemp(join(tmpdir(), 'entrain-'));
    const file = async (named: string, some: readonly string[]) => {
      await writeFile(join(folder, named), `${some.join('\n')}\n`);
      return ['--file', join(folder, named)];
    };
    const whole = await file('whole', lines);
    const noted = /(\d+:[0-9a-f]{64})/.exec((await verify(whole, {})).said)?.[1] ?? '';
    const cut = await file('cut', lines.slice(0, 2));
    expect(await verify(cut, {})).toMatchObject({
      code: 0,
      said: expect.stringMatching(/^Entries 1 to 2 are unbroken\.\nWhether the log has later ones/),
    });
    expect(await verify([...cut, '--expect', noted], {})).toMatchObject({
      code: 1,
      said: expect.stringContaining('Entry 3 is not there, and neither is any after it'),
    });
    const one = await verify(await file('one', [lines[0] ?? '', lines[2] ?? '']), {});
    expect(one).toMatchObject({ code: 1, said: expect.stringContaining('Entry 1 is as written.') });
    expect(one.said).toContain('An export of one organization');
    const altered = await verify(await file('altered', [(lines[0] ?? '').replace('desk', 'ops')]), {});
    expect(altered).toMatchObject({ code: 1, said: expect.stringContaining('Entry 1 was altered') });
    expect(altered.said).not.toMatch(/An export of one organization|before it/);
    await rm(folder, { recursive: true });
  });

  it('takes a log without any entry for no proof of anything: it may be another database', async () => {
    expect(await verify()).toMatchObject({
      code: 3,
      said: expect.stringContaining('or MONGODB_URI names another database'),
    });
  });

  it('does not take an export that has no entry for a log that is whole', async () => {
    expect(await verify(['--file', '/dev/null'], {})).toMatchObject({
      code: 3,
      said: expect.stringContaining('holds no entry'),
    });
  });

  it('tells a log that is broken from one that could not be read, in a sentence', async () => {
    const notes = join(import.meta.dirname, '../../../package.json');
    const [altered, unread, unset] = await Promise.all([
      verify(['--file', notes], {}),
      verify(['--file', 'not-there.ndjson'], {}),
      verify([], {}),
    ]);
    expect(altered).toEqual({ code: 1, said: expect.stringMatching(/ its line 1 is no entry of an audit log\./) });
    expect(unread).toEqual({ code: 3, said: expect.stringMatching(/^not-there\.ndjson could not be read.*ENOENT/) });
    expect(unset).toEqual({ code: 3, said: expect.stringContaining('MONGODB_URI is required') });
    for (const { said } of [altered, unread, unset]) expect(said).not.toMatch(/^\s+at /m);
  });
});

it('an entry that was written and not noted, as its process was killed, counts all the same', async () => {
  const { db } = mongo;
  const log = createMongoAuditLog(db, () => new Date('2026-03-01T08:00:00.000Z'));
  await log.append(anEntry());
  await log.append(anEntry());
  await db.collection<{ _id: string }>('audit_noted').updateOne({ _id: 'highest' }, { $set: { seq: 1 } });
  expect(await verifyChain(log.scan({}), await log.noted())).toMatchObject({ whole: true, entries: 2 });
  expect((await log.append(anEntry())).seq).toBe(3);
  expect(await log.noted()).toBe(3);
});
