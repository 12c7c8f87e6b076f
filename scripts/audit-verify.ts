/** Verifies the audit log: reads the whole chain, and names the first entry that is not as it was written. Its exit codes are in the usage below. */

import { open } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { askedBy, WrongOption } from '../src/command-line.ts';
import { ConfigRefused, databaseIn } from '../src/config.ts';
import { judgeWays } from '../src/core/plain-ways.ts';
import { type ChainVerdict, exportedEntry, type Place, verifyChain } from '../src/store/audit-chain.ts';
import type { KeptEntry } from '../src/store/audit-log.ts';
import { createMongoAuditLog } from '../src/store/mongo/audit-log.ts';
import { openMongo, wayToMongo } from '../src/store/mongo/connect.ts';

const usage = `Usage: npm run audit:verify -- [options]        (in the image: node scripts/audit-verify.ts [options])

Reads the whole audit log and names the first entry that was altered, taken out, moved or put in. Needs MONGODB_URI, or MONGODB_URI_FILE
(and ENTRAIN_PLAIN_HOSTS, where it is reached without TLS), and no other setting; with --file none at all.

  --file F       verifies an export of everything instead of the log in MongoDB
  --expect N:H   and that the entry N still has the hash H, as it was noted; may be given several times
  --help         this text

Ends with
  0  the log is whole
     of an export: what it holds is whole; whether entries are missing at its end only --expect tells
  1  it is broken
  2  it was asked for something that makes no sense
  3  it could not be read to its end, or holds no entry: nothing is known of it`;

const exitCodes = { whole: 0, broken: 1, unknown: 3 } as const;

/** A line of an export that is no entry. */
class NoEntry extends Error {
  override readonly name = 'NoEntry';
}

type Asked = { readonly file: string | null; readonly expected: readonly Place[] };
type Said = { readonly code: 0 | 1 | 3; readonly lines: readonly string[] };

const asked = askedBy<Asked>({
  name: 'audit:verify',
  usage,
  read: (args) => {
    const options = { file: { type: 'string' }, expect: { type: 'string', multiple: true } } as const;
    const { file, expect } = parseArgs({ args: [...args], options }).values;
    return { file: file ?? null, expected: (expect ?? []).map(placeIn) };
  },
});

const { code, lines } = await verified(asked);
for (const line of lines) (code === exitCodes.whole ? console.log : console.error)(line);
process.exitCode = code;

async function verified({ file, expected }: Asked): Promise<Said> {
  const what = file ?? 'The audit log';
  try {
    const verdict = file === null ? await ofDatabase(expected) : await verifyChain(entriesIn(file), 0, expected);
    return said(verdict, file);
  } catch (error) {
    if (error instanceof NoEntry) return { code: exitCodes.broken, lines: [error.message] };
    const why = error instanceof Error ? error.message : String(error);
    return { code: exitCodes.unknown, lines: [`${what} could not be read, so nothing is known of it. ${why}`] };
  }
}

function said(verdict: ChainVerdict, file: string | null): Said {
  if (!verdict.whole) {
    const { entries, broken } = verdict;
    const before = entries === 0 ? '' : ` ${through(entries)} as written.`;
    return {
      code: exitCodes.broken,
      lines: [
        `The audit log is broken. Entry ${broken.seq} ${broken.why}.${before}`,
        ...(file === null || !broken.isSkipped
          ? []
          : ['An export of one organization has only its own entries, and cannot be verified: export everything.']),
      ],
    };
  }
  const { entries, last } = verdict;
  if (last !== null) {
    const note = `Note this elsewhere, and give it to --expect next time: ${last.seq}:${last.hash}`;
    const whole =
      file === null
        ? [`The audit log is whole: ${entries} entries.`]
        : [
            `${through(entries)} unbroken.`,
            'Whether the log has later ones, which an export that was cut off lacks, only --expect tells.',
          ];
    return { code: exitCodes.whole, lines: [...whole, note] };
  }
  // Nobody is told that a log is whole which is that of another database, or an export that went wrong.
  const why = file === null ? 'nothing was done yet, or MONGODB_URI names another database' : 'export the log again';
  return { code: exitCodes.unknown, lines: [`${file ?? 'The audit log'} holds no entry: ${why}.`] };
}

function through(last: number): string {
  return last === 1 ? 'Entry 1 is' : `Entries 1 to ${last} are`;
}

function placeIn(text: string): Place {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined)
    throw new WrongOption(`--expect takes the number of an entry, a colon and its hash, not "${text}".`);
  return { seq: Number(seq), hash };
}

async function* entriesIn(path: string): AsyncGenerator<readonly KeptEntry[]> {
  await using file = await open(path);
  if ((await file.stat()).isDirectory()) throw new Error('It is a folder.');
  let number = 0;
  for await (const line of file.readLines()) {
    number += 1;
    yield [entryIn(line, `${path} is broken: its line ${number}`)];
  }
}

/** What is wrong with a line may quote it, and it is somebody's. */
function entryIn(line: string, where: string): KeptEntry {
  try {
    return exportedEntry(line);
  } catch {
    throw new NoEntry(`${where} is no entry of an audit log. It was altered, or the export was cut off.`);
  }
}

async function ofDatabase(expected: readonly Place[]): Promise<ChainVerdict> {
  const { mongodbUri, plainHosts } = databaseIn(process.env);
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
}
