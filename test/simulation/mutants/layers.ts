/** What stands between a bug and an account, one at a time taken away: so it shows which of them another one covers. */

import type { Edit, Mutant } from './mutant.ts';

export const layers: readonly Mutant[] = [
  {
    name: 'confirmation',
    what: 'The source is asked once more before a removal, and what it answers contradicts nothing.',
    edits: [
      {
        file: 'src/engine/confirm-removals.ts',
        from: 'const standings = await work.source().confirm(refs, scope, work.watch.signal, by);',
        to: `const heard = await work.source().confirm(refs, scope, work.watch.signal, by);
  const standings = new Map(
    refs.map(({ id }): [SourceId, Standing | undefined] => {
      const planned = leaving.get(id)?.planned;
      const answer = heard.get(id);
      if (planned === undefined || isEvident(work.record, planned, answer)) return [id, answer];
      return [id, planned.why === 'disabled_in_source' ? 'disabled' : 'gone'];
    }),
  );`,
      },
      {
        file: 'src/engine/confirm-removals.ts',
        from: 'return new Set(ids.filter((id) => isAbsent(standings.get(id)) || still.get(id) === false));',
        to: 'return new Set(ids);',
      },
    ],
  },
  {
    name: 'second look',
    what: 'Whom the source does not find is gone, though they were there a short while ago.',
    edits: [
      {
        file: 'src/core/absence.ts',
        from: '  isToldOutside(absence) ||',
        to: '  absence !== null ||',
      },
    ],
  },
  {
    name: 'limits',
    what: 'Any number may be deprovisioned in a day.',
    edits: [
      {
        file: 'src/core/guard.ts',
        from: 'return wanted + taken > allowed ?',
        to: 'return wanted + taken > allowed + 1_000 ?',
      },
    ],
  },
  {
    name: 'shrink limit',
    what: 'A read may lose as many people as it likes.',
    edits: [
      {
        file: 'src/core/shrink.ts',
        from: `  const reasons = reasonsOf(shrink, limit);
  if (reasons.length === 0) return null;
  if (accepted === null)`,
        to: `  const reasons = reasonsOf(shrink, limit);
  if (reasons.length >= 0) return null;
  if (accepted === null)`,
      },
    ],
  },
  {
    name: 'fence',
    what: 'A worker that lost its lease may still write to the store.',
    edits: [
      {
        file: 'src/store/memory/ledger.ts',
        from: 'if (fenceOf(lease.key) !== lease.fence)',
        to: 'if (fenceOf(lease.key) < 0)',
      },
      {
        file: 'src/store/memory/snapshot-draft.ts',
        from: 'if (fenceOf(lease.key) !== lease.fence || shelf.opened !== version)',
        to: 'if (fenceOf(lease.key) < 0)',
      },
    ],
  },
  {
    name: 'lease watch',
    what: 'A worker that slept does not notice by itself that its lease ran out.',
    edits: [
      {
        file: 'src/engine/lease-keeper.ts',
        from: 'if (sinceAsked() > leaseTtlMs)',
        to: 'if (sinceAsked() > Number.POSITIVE_INFINITY)',
      },
    ],
  },
  {
    name: 'read back',
    what: 'What a target answered is never read back.',
    edits: [
      {
        file: 'src/target/scim/read-back.ts',
        from: "if (settings.verify === 'always' || body.kind === 'page' || body.kind === 'unreadable') return true;",
        to: 'if (settings.verify !== undefined) return false;',
      },
      { file: 'src/target/scim/read-back.ts', from: ' && !switchesOff(asked)', to: '' },
    ],
  },
  {
    name: 'recovery',
    what: 'What was under way when a worker died is never looked at.',
    edits: [
      {
        file: 'src/engine/recover.ts',
        from: 'for await (const intents of ledger.openIntents(work.record.id)) {',
        to: 'for await (const intents of ledger.openIntents(work.record.id)) { if (intents.length > 0) return;',
      },
    ],
  },
];

/** What takes this layer away, for the bug of having none. */
export const off = (name: string): readonly Edit[] => {
  const layer = layers.find((each) => each.name === name);
  if (layer === undefined) throw new Error(`There is no layer "${name}".`);
  return layer.edits;
};
