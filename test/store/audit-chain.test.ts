import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/core/differences.ts';
import {
  type ChainVerdict,
  exportedEntry,
  noHash,
  type Place,
  sealed,
  verifyChain,
} from '../../src/store/audit-chain.ts';
import type { KeptEntry } from '../../src/store/audit-log.ts';
import { anEntry } from '../support/audit.ts';

const at = new Date('2026-03-01T08:00:00.000Z');

const chainOf = (length: number): readonly KeptEntry[] => {
  const chain: KeptEntry[] = [];
  for (let nth = 1; nth <= length; nth += 1)
    chain.push(sealed(anEntry({ action: `act ${nth}` }), at, chain.at(-1) ?? null));
  return chain;
};

const verdictOn = (entries: readonly KeptEntry[], noted = 0, expected: readonly Place[] = []): Promise<ChainVerdict> =>
  verifyChain(
    (async function* () {
      yield entries;
    })(),
    noted,
    expected,
  );

const chain = chainOf(6);
const nth = (seq: number): KeptEntry => {
  const entry = chain[seq - 1];
  if (entry === undefined) throw new RangeError(`There is no entry ${seq}.`);
  return entry;
};
const put = (seq: number, other: Partial<KeptEntry>): readonly KeptEntry[] =>
  chain.with(seq - 1, { ...nth(seq), ...other });
const broken = (seq: number, why: RegExp) => ({
  whole: false,
  entries: seq - 1,
  broken: expect.objectContaining({ seq, why: expect.stringMatching(why) }),
});

describe('a chain', () => {
  it('that nobody touched is whole', async () => {
    const { seq, hash } = nth(6);
    expect(await verdictOn(chain, 6)).toEqual({ whole: true, entries: 6, last: { seq, hash } });
    expect(JSON.parse(nth(1).text)).toMatchObject({ previous: noHash });
  });

  it('tells that an entry was altered, whether or not its hash was altered with it', async () => {
    const text = nth(3).text.replace('"desk"', '"ops"');
    const hash = createHash('sha256').update(text).digest('hex');
    expect(await verdictOn(put(3, { text }), 6)).toEqual(broken(3, /was altered/));
    expect(await verdictOn(put(3, { text, hash }), 6)).toEqual(broken(4, /does not follow/));
  });

  it('tells that entries are missing: from the start, the middle and the end', async () => {
    expect(await verdictOn(chain.slice(2), 6)).toEqual(broken(1, /is not there; the next one is 3/));
    expect(await verdictOn(chain.toSpliced(2, 2), 6)).toEqual(broken(3, /is not there; the next one is 5/));
    expect(await verdictOn(chain.slice(0, 4), 6)).toEqual(broken(5, /there were 6/));
    expect(await verdictOn([], 6)).toEqual(broken(1, /there were 6/));
  });

  it('tells that entries changed places, by their numbers or by what they hold', async () => {
    const [second, third] = [nth(2), nth(3)];
    expect(await verdictOn(chain.with(1, third).with(2, second), 6)).toEqual(broken(2, /is not there/));
    const { seq: _, ...likeThird } = third;
    const { seq: __, ...likeSecond } = second;
    const swapped = chain.with(1, { ...second, ...likeThird }).with(2, { ...third, ...likeSecond });
    expect(await verdictOn(swapped, 6)).toEqual(broken(2, /was moved: it was written as 3/));
  });

  it('tells that an entry was put in, or stands twice', async () => {
    const forged = sealed(anEntry({ action: 'never happened' }), at, nth(3));
    expect(await verdictOn(chain.toSpliced(3, 0, forged), 6)).toEqual(broken(5, /a second time/));
    expect(await verdictOn(chain.with(3, forged), 6)).toEqual(broken(5, /does not follow/));
    expect(await verdictOn(chain.toSpliced(3, 0, nth(3)), 6)).toEqual(broken(4, /a second time/));
  });

  it('tells that an entry is filed under other words than its own', async () => {
    const filed = { ...nth(2).filed, organization: 'contoso' };
    expect(await verdictOn(put(2, { filed }), 6)).toEqual(broken(2, /filed as something else/));
  });

  it('tells what is no entry at all', async () => {
    const text = 'nothing';
    const hash = createHash('sha256').update(text).digest('hex');
    expect(await verdictOn(put(2, { text, hash }), 6)).toEqual(broken(2, /is no entry/));
  });

  it('that was written anew from some entry on is told from the one whose hash was noted', async () => {
    const anew = [...chain.slice(0, 3)];
    for (let seq = 4; seq <= 6; seq += 1) anew.push(sealed(anEntry({ action: 'nothing' }), at, anew.at(-1) ?? null));
    expect(await verdictOn(anew, 6)).toMatchObject({ whole: true });
    expect(await verdictOn(anew, 6, [nth(5)])).toEqual(broken(5, /another hash than was noted/));
    expect(await verdictOn(chain, 6, [nth(5)])).toMatchObject({ whole: true });
    expect(await verdictOn(chain.slice(0, 4), 4, [nth(5)])).toEqual(broken(5, /there were 5/));
  });
});

it('an exported entry is the same, whatever the program in between did to its layout', async () => {
  const lines = chain.map(({ text, hash }) =>
    JSON.stringify({ hash, ...JSON.parse(text) }, null, 1).replaceAll('\n', ''),
  );
  expect(lines.map(exportedEntry)).toEqual(chain);
  expect(canonicalJson(JSON.parse(nth(1).text))).toBe(nth(1).text);
});
