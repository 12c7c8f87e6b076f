/** Bugs in the stores of MongoDB. A simulation has stores in memory, so here the contract tests are what has to see them (`npm run simulate:mutants -- --stores`). */

import type { Mutant } from '../../simulation/mutants/mutant.ts';

export type StoreMutant = Mutant & {
  /** Which test file is to turn red, in this folder, and which of its tests are run. */
  readonly tests: string;
  readonly named: string;
};

const ledger = 'ledger.integration.test.ts';
const snapshots = 'snapshot-store.integration.test.ts';

export const storeMutants: readonly StoreMutant[] = [
  {
    name: 'a lease is taken from whoever holds it (MongoDB)',
    what: 'Two workers may hold a lease.',
    tests: 'leases.integration.test.ts',
    named: 'one worker at a time',
    edits: [
      {
        file: 'src/store/mongo/leases.ts',
        from: "{ 'lease.until': { $lte: now() } }, ",
        to: "{ 'lease.until': { $gt: new Date(0) } }, ",
      },
    ],
  },
  {
    name: 'a lease is renewed by whoever had it before (MongoDB)',
    what: 'Of one who holds a lease, what they held before counts as well.',
    tests: 'leases.integration.test.ts',
    named: 'one worker at a time',
    edits: [
      {
        file: 'src/store/mongo/leases.ts',
        from: `        { _id: key, fence, 'lease.owner': owner },
        { $set: { 'lease.until'`,
        to: `        { _id: key, 'lease.owner': owner },
        { $set: { 'lease.until'`,
      },
    ],
  },
  {
    name: 'fences of documents are not compared (MongoDB)',
    what: 'Whoever wakes up late replaces what a newer holder wrote.',
    tests: 'fenced-writes.integration.test.ts',
    named: '.',
    edits: [
      {
        file: 'src/store/mongo/fenced-writes.ts',
        from: 'f: { $lte: fence } }, update:',
        to: 'f: { $gte: 0 } }, update:',
      },
    ],
  },
  {
    name: 'the fence of a target is not compared (MongoDB)',
    what: 'Whoever lost a target may still intend and settle there.',
    tests: ledger,
    named: 'taken over',
    edits: [
      {
        file: 'src/store/mongo/positions.ts',
        from: 'if (head?.fence !== fence)',
        to: 'if (head?.fence === -fence)',
      },
    ],
  },
  {
    name: 'the fence of a connection is not compared (MongoDB)',
    what: 'Whoever lost a connection may still move its head.',
    tests: snapshots,
    named: 'a worker that comes back late',
    edits: [
      {
        file: 'src/store/mongo/heads.ts',
        from: `        { _id: key, fence, opened },
        { $set: { ...change, draft: null } },`,
        to: `        { _id: key },
        { $set: { ...change, draft: null } },`,
      },
    ],
  },
  {
    name: 'all targets share their links (MongoDB)',
    what: 'The links of one target are taken for those of another.',
    tests: ledger,
    named: 'links',
    edits: [
      {
        file: 'src/store/mongo/links.ts',
        from: 'const idOf = (target: string, ref: Ref): string =>',
        to: "const idOf = (_: string, ref: Ref, target = ''): string =>",
      },
    ],
  },
  {
    name: 'the watermark is committed before the state (MongoDB)',
    what: 'The head moves first, and the version it stands for is noted afterwards.',
    tests: snapshots,
    named: 'a worker that dies',
    edits: [
      {
        file: 'src/store/mongo/snapshot-draft.ts',
        from: `        if (hasChanges) await stores.versions.note(connection, version, { parts: parts(), at, by });
        await probe('snapshot.noted');
`,
        to: '',
      },
      {
        file: 'src/store/mongo/snapshot-draft.ts',
        from: `        await probe('snapshot.committed');
`,
        to: `        await probe('snapshot.noted');
        if (hasChanges) await stores.versions.note(connection, version, { parts: parts(), at, by });
        await probe('snapshot.committed');
`,
      },
    ],
  },
  {
    name: 'changes that were never committed are read (MongoDB)',
    what: 'What a worker wrote down that died before its commit counts as what happened.',
    tests: snapshots,
    named: 'changes',
    edits: [
      {
        file: 'src/store/mongo/changes.ts',
        from: 'return page.filter(({ version }) => committed.has(version) || version === head);',
        to: 'return page.filter(({ version }) => committed.has(version) || version <= head);',
      },
    ],
  },
  {
    name: 'limits hold for one run (MongoDB)',
    what: 'What was taken within the day is not found again.',
    tests: ledger,
    named: 'what was taken',
    edits: [
      {
        file: 'src/store/mongo/takings.ts',
        from: 'for await (const page of pages) yield page.map(takingOf);',
        to: 'for await (const page of pages) if (page.length === 0) yield page.map(takingOf);',
      },
    ],
  },
  {
    name: 'what counts is noted after what is intended (MongoDB)',
    what: 'Of one who dies between the two writes nothing counts against the limits of the day.',
    tests: ledger,
    named: 'what was taken',
    edits: [
      {
        file: 'src/store/mongo/ledger.ts',
        from: `      if (limited.length > 0) await held(lease, 'ledger.counted', () => takings.add(lease, limited));
      await held(lease, 'ledger.intended', () => intents.add(lease, operations));
`,
        to: `      await held(lease, 'ledger.intended', () => intents.add(lease, operations));
      if (limited.length > 0) await held(lease, 'ledger.counted', () => takings.add(lease, limited));
`,
      },
    ],
  },
  {
    name: 'a link ends before what failed is in escrow (MongoDB)',
    what: 'Of one who dies between the two writes nobody knows that another account is to be made.',
    tests: ledger,
    named: 'settling',
    edits: [
      {
        file: 'src/store/mongo/ledger.ts',
        from: `        const then = await held(lease, 'ledger.escrowed', async () => {
`,
        to: `        await held(lease, 'ledger.linked', () => links.write(lease, batch));
        const then = await held(lease, 'ledger.escrowed', async () => {
`,
      },
    ],
  },
  {
    name: 'an intent closes before its link is written (MongoDB)',
    what: 'Of one who dies between the two writes nobody looks again, and nobody knows whose the account is.',
    tests: ledger,
    named: 'settling',
    edits: [
      {
        file: 'src/store/mongo/ledger.ts',
        from: `          await links.write(lease, batch);
          await escrows.remove(lease, then.gone);
`,
        to: '          await escrows.remove(lease, then.gone);\n',
      },
      {
        file: 'src/store/mongo/ledger.ts',
        from: `        await held(lease, 'ledger.settled', () => intents.close(lease, batch));
`,
        to: `        await held(lease, 'ledger.settled', () => intents.close(lease, batch));
        await held(lease, 'ledger.linked', () => links.write(lease, batch));
`,
      },
    ],
  },
];
