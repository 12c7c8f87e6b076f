/** Bugs in what is kept: leases, links, positions, escrows, wake-ups. */

import { off } from './layers.ts';
import type { Mutant } from './mutant.ts';

export const keeping: readonly Mutant[] = [
  {
    name: 'no fence',
    what: 'A worker that lost its lease may still write to the store.',
    bias: 'workers that sleep',
    edits: off('fence'),
  },
  {
    name: 'what was slept over is settled',
    what: 'A worker that lost its lease writes down what became of its operations, over what others did since.',
    bias: 'switches thrown while a worker sleeps',
    edits: off('fence').filter(({ file }) => file.endsWith('ledger.ts')),
  },
  {
    name: 'a lease is taken from whoever holds it',
    what: 'Two workers may hold a lease.',
    bias: 'workers that sleep',
    edits: [
      {
        file: 'src/store/memory/leases.ts',
        from: 'current.owner !== owner && current.until > now())',
        to: 'current.owner !== owner && current.until < new Date(0))',
      },
    ],
  },
  {
    name: 'too many count as active',
    what: 'A limit is a share of ten times as many accounts and groups as the target has of ours.',
    bias: 'limited updates',
    within: ['limits'],
    edits: [
      {
        file: 'src/store/memory/ledger.ts',
        from: "filter(({ state }) => state === 'active').length;",
        to: "filter(({ state }) => state === 'active').length * 10;",
      },
    ],
  },
  {
    name: 'all targets share their links',
    what: 'The links of one target are taken for those of another.',
    edits: [
      {
        file: 'src/store/memory/ledger.ts',
        from: 'const book = books.get(target) ?? emptyBook();',
        to: 'const book = [...books.values()][0] ?? emptyBook();',
      },
    ],
  },
  {
    name: 'the connection of another target is used',
    what: 'A live connection is kept for one target and used for all.',
    edits: [
      {
        file: 'src/target/connected.ts',
        from: 'const fresh = kept.get(record.id) ?? {',
        to: 'const fresh = [...kept.values()][0] ?? {',
      },
    ],
  },
  {
    name: 'the position moves before the work',
    what: 'The target counts as brought to a version before anything of it is done.',
    bias: 'workers that die',
    edits: [
      {
        file: 'src/engine/provision-run.ts',
        from: `  const unbegun = { ...(await prepared(unprepared, gathered)), looksAtAll: gathered.kind === 'everything' };`,
        to: `  if (gathered.kind !== 'scope' && !isDry(unprepared)) await engine.stores.ledger.advance(unprepared.lease, gathered.through);
  const unbegun = { ...(await prepared(unprepared, gathered)), looksAtAll: gathered.kind === 'everything' };`,
      },
    ],
  },
  {
    name: 'the position moves although something is held',
    what: 'What waits for a person is forgotten once the position has passed it.',
    bias: 'what is held',
    within: ['limits'],
    edits: [
      {
        file: 'src/engine/settle-run.ts',
        from: "if (gathered.kind === 'scope' || gathered.kind === 'repair' || held) return;",
        to: "if (gathered.kind === 'scope' || gathered.kind === 'repair') return;",
      },
    ],
  },
  {
    name: 'what failed is forgotten',
    what: 'Nothing is kept in escrow.',
    bias: 'writes that are lost',
    edits: [
      {
        file: 'src/core/escrow-ladder.ts',
        from: '    if (isFailed(outcome)) {',
        to: '    if (isFailed(outcome) && outcome.at.getTime() < 0) {',
      },
    ],
  },
  {
    name: 'nobody is waited for',
    what: 'A membership or a manager whose account is not there yet is forgotten.',
    bias: 'what waits for accounts',
    edits: [
      {
        file: 'src/engine/wave-references.ts',
        from: 'if (references.length > 0 && !isDry(work)) await work.engine.stores.ledger.wait(work.lease, references);',
        to: '',
      },
    ],
  },
  {
    name: 'who waited is a member whatever happened since',
    what: 'Whoever left a group while they waited for an account becomes a member of it.',
    bias: 'what waits for accounts',
    edits: [
      {
        file: 'src/engine/wave-references.ts',
        from: 'for (const { group: each, member } of memberships) if (each === of) still.add(member.id);',
        to: `for (const { member } of memberships) still.add(member.id);
  for (const id of ids) still.add(id);`,
      },
    ],
  },
  {
    name: 'lost wake-ups are not repaired',
    what: 'A run whose wake-up Redis lost is never looked for.',
    bias: 'wake-ups that are lost',
    edits: [
      {
        file: 'src/queue/reconcile.ts',
        from: `      await wakeFor(wakeups, run);
`,
        to: '',
      },
    ],
  },
  {
    name: 'lost schedules are not repaired',
    what: 'A schedule that Redis lost is never made again.',
    bias: 'wake-ups that are lost',
    edits: [
      {
        file: 'src/queue/reconcile.ts',
        from: 'await wakeups.schedule(connection);',
        to: '',
      },
    ],
  },
];
