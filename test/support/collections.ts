/** Which row of src/engine/kept-of-person.ts each collection of MongoDB is shown and erased by. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stores } from '../../src/store/stores.ts';

/** `why`: what makes the row enough, where it is not plain. */
type Holds = {
  readonly row: keyof Stores;
  /** `next_sync`: it goes with the full sync that is asked for. */
  readonly people: 'erased' | 'next_sync' | 'stay' | 'none';
  readonly why?: string;
};

export const collections: Readonly<Record<string, Holds>> = {
  objects: { row: 'snapshots', people: 'erased' },
  names: { row: 'snapshots', people: 'erased', why: 'Hashes of attributes that are shown with the object.' },
  members: { row: 'snapshots', people: 'erased' },
  changes: { row: 'snapshots', people: 'erased' },
  batches: { row: 'snapshots', people: 'next_sync', why: 'Ids of whom the last full sync saw; they are in or not.' },
  layouts: { row: 'snapshots', people: 'none' },
  versions: { row: 'snapshots', people: 'none' },
  heads: { row: 'snapshots', people: 'none', why: 'Counts, places and fences; of targets too.' },
  links: { row: 'ledger', people: 'erased' },
  intents: { row: 'ledger', people: 'erased' },
  outcomes: { row: 'ledger', people: 'erased', why: 'Shown with the operation.' },
  takings: { row: 'ledger', people: 'erased', why: 'That an operation counts against a limit; shown with it.' },
  escrows: { row: 'ledger', people: 'erased' },
  waiting_references: { row: 'ledger', people: 'erased' },
  guarded: { row: 'ledger', people: 'erased' },
  plan_operations: { row: 'plans', people: 'erased' },
  plans: { row: 'plans', people: 'none', why: 'Counts, and who decided.' },
  discrepancies: { row: 'discrepancies', people: 'erased' },
  seen_accounts: { row: 'discrepancies', people: 'erased', why: 'Ids at the target, until the run has compared them.' },
  reconciliations: { row: 'discrepancies', people: 'none', why: 'Counts.' },
  runs: { row: 'runs', people: 'erased', why: 'Samples of whom reads missed; the place of one under way.' },
  events: { row: 'events', people: 'erased' },
  event_places: { row: 'events', people: 'none' },
  targets: { row: 'targets', people: 'stay' },
  audit_entries: { row: 'audit', people: 'stay' },
  audit_noted: { row: 'audit', people: 'none' },
  connections: { row: 'connections', people: 'none' },
  deliveries: { row: 'deliveries', people: 'none' },
  webhook_turns: { row: 'deliveries', people: 'none' },
  webhooks: { row: 'webhooks', people: 'none' },
  calls: { row: 'calls', people: 'none' },
  subscriptions: { row: 'subscriptions', people: 'none' },
  installation: { row: 'installation', people: 'none' },
  tenant_claims: { row: 'installation', people: 'none', why: 'Which organization a tenant is read for.' },
  clock: { row: 'installation', people: 'none', why: 'What time it is.' },
  api_keys: { row: 'apiKeys', people: 'none' },
  sessions: { row: 'sessions', people: 'none' },
  consents: { row: 'consents', people: 'none' },
  setup_links: { row: 'setupLinks', people: 'none' },
};

export const collectionsWhere = (isMeant: (people: Holds['people'], name: string) => boolean): readonly string[] =>
  Object.entries(collections)
    .flatMap(([name, { people }]) => (isMeant(people, name) ? [name] : []))
    .toSorted();

const folder = join(import.meta.dirname, '../../src/store/mongo');

/** Every one that the code opens. Files there name each once: as a constant that ends in `name`, or where it is opened; another way is not followed. */
export const collectionsInCode = (): readonly string[] => {
  const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  const found = texts.flatMap((text) => {
    const named = [...text.matchAll(/^(?:export )?const \w*[nN]ame = '(\w+)';$/gm)].map(([, name = '']) => name);
    const opened = [...text.matchAll(/\.collection(?:<[^(]*>)?\(([^)]*)\)/g)].map(([, by = '']) => by);
    return [...named, ...opened.flatMap(literalOf)];
  });
  return [...new Set(found)].toSorted();
};

const literalOf = (by: string): readonly string[] => {
  const [, literal] = /^'(\w+)'$/.exec(by) ?? [];
  if (literal !== undefined) return [literal];
  // `of`: one of several constants of the same file.
  if (/^(?:\w*[nN]ame|of)$/.test(by)) return [];
  throw new Error(`A collection is opened by ${by}, and nobody can tell which. Name it by a constant.`);
};
