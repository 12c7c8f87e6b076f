/** Which shard key each collection needs, as its queries in src/store/mongo are. test/bench/plan.test.ts holds it against the collections. */

import { head, row } from './plan-text.ts';

type Kept = {
  readonly collections: readonly string[];
  /** Null: not sharded. */
  readonly key: string | null;
  readonly why: string;
};

export const keys: readonly Kept[] = [
  {
    collections: [
      'objects',
      'names',
      'layouts',
      'batches',
      'versions',
      'changes',
      'outcomes',
      'takings',
      'plan_operations',
      'discrepancies',
      'seen_accounts',
      'guarded',
    ],
    key: '{ _id: 1 }',
    why: 'Every query is by `_id` or a range of it, and `_id` begins with the connection or target; also the one for who left long ago, which has an index.',
  },
  {
    collections: ['heads'],
    key: '{ _id: 1 }',
    why: 'Every query is by `_id`, the connection or target itself; only a restore and a new format go through all of them.',
  },
  {
    collections: ['members'],
    key: '{ connection: 1, _id: 1 }',
    why: 'Which groups hold a person is asked by `{ connection, holds }`. All else is asked by `_id`, and would have to name the connection too.',
  },
  {
    collections: ['links', 'intents', 'escrows', 'waiting_references'],
    key: '{ target: 1, _id: 1 }',
    why: 'Who has a remote id, who is disabled since when, which intents are open, which escrows are due, which references wait for a person: all by `{ target, … }`. All else is asked and written by `_id`, and would have to name the target too.',
  },
  {
    collections: ['runs'],
    key: null,
    why: 'Its unique index on `slot` allows no other shard key than one that begins with `slot`, and a run changes its slot when it starts. Runs are found by `_id`, lane, connection, target and state.',
  },
  {
    collections: ['audit_entries', 'audit_noted', 'events', 'event_places', 'deliveries'],
    key: null,
    why: 'What happened in an organization and who did what, numbered one after the other: `audit_entries` is one chain for the installation, events and deliveries are kept for 30 days. What they take of a shard was not measured.',
  },
  {
    collections: [
      'connections',
      'targets',
      'plans',
      'reconciliations',
      'consents',
      'api_keys',
      'calls',
      'sessions',
      'setup_links',
      'subscriptions',
      'webhooks',
      'webhook_turns',
      'tenant_claims',
      'clock',
      'installation',
    ],
    key: null,
    why: 'Small: some documents for each customer, the calls of a day, and one for all.',
  },
];

export const sharding: readonly string[] = [
  '- **MongoDB.** A query asks one shard when it names the shard key or the beginning of it, and all shards otherwise. What each collection needs:',
  '',
  ...head('collections', 'shard key', 'because'),
  ...keys.map(({ collections, key, why }) =>
    row(collections.map((name) => `\`${name}\``).join(', '), key === null ? 'not sharded' : `\`${key}\``, why),
  ),
  '',
  '- *Not without a change.* The first two lines work with the code as it is. `members`, `links`, `intents`, `escrows` and `waiting_references` do not: on `{ _id: 1 }` their queries by connection or target would ask all shards, on the other key those by `_id` would. What it takes is the connection or target in those filters; every document has the field.',
  '- *Unique indexes.* In a sharded collection a unique index must be the shard key or begin with it; the one on `_id` is then kept apart by each shard for itself only, unless `_id` is the shard key. On `{ target: 1, _id: 1 }` that is enough: equal `_id`s name the same target, so they have the same shard key and meet on the same shard, which is what inserts that may come twice rely on.',
  '- *Runs* are not small (see above), and stay on one shard. To shard them, the slots would have to be a collection of their own with the slot as `_id`, and each query would have to name the connection; those for unfinished and for old runs would ask all shards still.',
  '- *Balance.* A tenant stays together, and a huge one may be split between any two documents. Ids begin with the time they were made, so new tenants land in the last chunk: each is one burst, its first sync, after which the balancer moves it away. Nothing in an id names a region, so people of a region are kept there by an Entrain of its own, not by a zone.',
];
