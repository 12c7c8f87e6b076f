/** Bugs in how a read becomes the snapshot. */

import { off } from './layers.ts';
import type { Mutant } from './mutant.ts';

export const snapshot: readonly Mutant[] = [
  {
    name: 'a read without an end is complete',
    what: 'A read that stops without saying that it was complete is committed all the same.',
    bias: 'reads that stop',
    edits: [
      {
        file: 'src/engine/read-into.ts',
        from: "import type { Ask, Complete, Source } from '../source/source.ts';",
        to: "import { type Ask, type Complete, completed, type Source } from '../source/source.ts';",
      },
      {
        file: 'src/engine/read-into.ts',
        from: "  throw new SourceError('incomplete', 'The read ended without saying that it was complete; nothing of it is used.');",
        to: `  if (counters.read < 0) throw new SourceError('incomplete', '');
  return { complete: completed(ask), watermark: null, counters };`,
      },
    ],
  },
  {
    name: 'the watermark is committed before the state',
    what: 'The head moves first, and what it stands for is written afterwards.',
    bias: 'workers that die',
    edits: [
      {
        file: 'src/store/memory/snapshot-draft.ts',
        from: `      closed = true;
      shelf.changes.push(...recorded);`,
        to: `      closed = true;
      await probe('snapshot.head_moved');
      shelf.changes.push(...recorded);`,
      },
    ],
  },
  {
    name: 'a list without anybody is believed',
    what: 'A tenant in which nobody is left is taken for true.',
    bias: 'empty lists',
    coveredBy: {
      layer: 'confirmation',
      why: 'each of those who are missing is asked about right before anything is taken from them, and is there; whom a replica denies that is behind is asked about once more ten minutes later; and the next full read has all of them again',
    },
    edits: [
      {
        file: 'src/engine/sweep.ts',
        from: 'if (missing.user > 0 && !',
        to: 'if (missing.user < 0 && !',
      },
    ],
  },
  {
    name: 'a read may lose anybody',
    what: 'However many people a read does not see, it is kept.',
    bias: 'reads that lose people',
    edits: off('shrink limit'),
  },
  {
    name: 'a group that is emptied is believed',
    what: 'A group of the scope that lost everybody at once is taken for true.',
    bias: 'groups that are emptied',
    within: ['shrink limit'],
    edits: [
      {
        file: 'src/engine/compare-read.ts',
        from: '...(await drainedGroups(stores.snapshots, draft, what.scope, reader.limit)),',
        to: '...(await drainedGroups(stores.snapshots, draft, what.scope, reader.limit)).slice(0, 0),',
      },
    ],
  },
  {
    name: 'a group inside another that is emptied is believed',
    what: 'A group inside one of the scope that lost everybody at once is taken for true.',
    bias: 'groups inside others that are emptied',
    within: ['shrink limit'],
    edits: [
      {
        file: 'src/engine/compare-read.ts',
        from: `      reached,
      goOn,
    })),`,
        to: `      reached,
      goOn,
    })).slice(0, 0),`,
      },
    ],
  },
  {
    name: 'values that many lost are cleared',
    what: 'An attribute that most of those who had one lost at once is taken to be cleared.',
    bias: 'values that are cleared',
    within: ['shrink limit'],
    edits: [
      {
        file: 'src/engine/compare-read.ts',
        from: 'cleared: await clearedAttributes(stores.snapshots, draft, reader, recorded.losses, isWhole),',
        to: 'cleared: (await clearedAttributes(stores.snapshots, draft, reader, recorded.losses, isWhole)).slice(0, 0),',
      },
    ],
  },
  {
    name: 'who was unchanged was not seen',
    what: 'Users and groups that a full read shows unchanged are not noted as seen.',
    edits: [
      {
        file: 'src/engine/read-into.ts',
        from: 'const seen = [...folded.seen, ...held];',
        to: 'const seen = folded.seen;',
      },
    ],
  },
  {
    name: 'a read of one group speaks for everybody',
    what: 'After a run of one group, who is not in that group counts as out of scope.',
    bias: 'runs of one group',
    edits: [
      {
        file: 'src/engine/compare-read.ts',
        from: `await (what.kind === 'group'
    ? sweepLeavers(draft, end.complete, within, reached)
    : sweep(draft, end.complete, reached));`,
        to: 'await sweep(draft, end.complete, reached);',
      },
    ],
  },
  {
    name: 'a draft is continued by whoever comes',
    what: 'What an interrupted read left is taken over by a read of another kind, scope or version, and the source goes on from there.',
    bias: 'scopes edited while they are read',
    edits: [
      {
        file: 'src/engine/source-read.ts',
        from: ".digest('base64url');",
        to: ".digest('base64url').slice(0, 0);",
      },
      {
        file: 'src/source/memory.ts',
        from: 'const fits = reading?.key === keyOf(ask) && reading.mode === ask.read.mode && ',
        to: 'const fits = reading !== undefined && ',
      },
      {
        file: 'src/source/memory.ts',
        from: 'const mark: Mark = { key: reading.key,',
        to: 'const mark: Mark = { key: keyOf(ask),',
      },
    ],
  },
  {
    name: 'a preview is kept',
    what: 'What a preview reads of another scope becomes the snapshot.',
    bias: 'previews',
    edits: [
      {
        file: 'src/engine/preview-run.ts',
        from: `    await draft.discard();
    const problem`,
        to: `    await draft.commit({ watermark: 'keep', counts: compared.recorded.present, full: true, attributes: connection.attributes, scope: scopeKey(run.proposed) });
    const problem`,
      },
    ],
  },
  {
    name: 'an expired place is asked for again',
    what: 'A place inside a read that is not accepted any more is kept.',
    edits: [
      {
        file: 'src/engine/sync-run.ts',
        from: 'if (error instanceof ResumeExpired || isOfNobody(error)) await draft.discard();',
        to: 'if (isOfNobody(error)) await draft.discard();',
      },
    ],
  },
  {
    name: 'an expired watermark is kept',
    what: 'A delta link that is refused is tried again, and again.',
    edits: [
      {
        file: 'src/engine/sync-run.ts',
        from: 'await forgetWatermark(engine, draft, lease, head);',
        to: '',
      },
    ],
  },
  {
    name: 'who left is brought back by an old list',
    what: 'Somebody known to have left comes back as soon as a list shows them.',
    bias: 'lists that are old',
    edits: [
      {
        file: 'src/engine/departed.ts',
        from: 'if (left.length === 0) return messages;',
        to: 'if (left.length >= 0) return messages;',
      },
    ],
  },
  {
    name: 'a version does not say who read it',
    what: 'Which run committed a version is known only once that run has ended.',
    bias: 'workers that die',
    edits: [
      {
        file: 'src/engine/sync-run.ts',
        from: 'by: { run: run.id, kind: what.kind },',
        to: '',
      },
    ],
  },
  {
    name: 'who was not seen stays',
    what: 'A complete full read takes nobody out.',
    edits: [
      {
        file: 'src/engine/sweep.ts',
        from: "if (of === 'everything') await sweepUnseen(draft);",
        to: '',
      },
    ],
  },
];
