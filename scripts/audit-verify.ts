/**
 * Verifies the audit log: reads the whole chain, and names the first entry that is not as it was written. Ends with 1 when there is one, and with 2 when a
 * file holds none at all.
 *
 *   npm run audit:verify                           the log in MongoDB
 *   npm run audit:verify -- --file audit.ndjson    an export of the whole log
 *   npm run audit:verify -- --expect 1200:9f3c…    and that the entry 1200 still has the hash that was noted
 */

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { ConfigRefused, parseConfig } from '../src/config.ts';
import { judgeWays } from '../src/core/plain-ways.ts';
import { exportedEntry, type Place, verifyChain } from '../src/store/audit-chain.ts';
import type { KeptEntry } from '../src/store/audit-log.ts';
import { createMongoAuditLog } from '../src/store/mongo/audit-log.ts';
import { openMongo, wayToMongo } from '../src/store/mongo/connect.ts';

const { values } = parseArgs({ options: { file: { type: 'string' }, expect: { type: 'string', multiple: true } } });

const placeIn = (text: string): Place => {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined)
    throw new Error(`--expect takes the number of an entry, a colon and its hash; ${text} is none.`);
  return { seq: Number(seq), hash };
};

async function* entriesIn(path: string): AsyncGenerator<readonly KeptEntry[]> {
  for await (const line of createInterface({ input: createReadStream(path) })) yield [exportedEntry(line)];
}

const ofDatabase = async (expected: readonly Place[]) => {
  const { mongodbUri, plainHosts } = parseConfig(process.env);
  const { refused } = judgeWays([await wayToMongo(mongodbUri.reveal())], plainHosts);
  if (refused.length > 0) throw new ConfigRefused(refused);
  const mongo = await openMongo(mongodbUri.reveal());
  try {
    const log = createMongoAuditLog(mongo.db, () => new Date());
    // Asked for first: what is added meanwhile is beyond it.
    const noted = await log.noted();
    return await verifyChain(log.scan({}), noted, expected);
  } finally {
    await mongo.close();
  }
};

const expected = (values.expect ?? []).map(placeIn);
const verdict =
  values.file === undefined ? await ofDatabase(expected) : await verifyChain(entriesIn(values.file), 0, expected);
if (verdict.whole) {
  const { entries, last } = verdict;
  // An export that went wrong is no audit log that is whole.
  if (last === null && values.file !== undefined) {
    console.error(`${values.file} holds no entry: export the log again.`);
    process.exitCode = 2;
  } else console.log(last === null ? 'The audit log is empty.' : `The audit log is whole: ${entries} entries.`);
  if (last !== null) console.log(`Note this elsewhere, and give it to --expect next time: ${last.seq}:${last.hash}`);
} else {
  const { entries, broken } = verdict;
  console.error(
    `The audit log is broken. Entry ${broken.seq} ${broken.why}. The ${entries} before it are as they were written.`,
  );
  process.exitCode = 1;
}
