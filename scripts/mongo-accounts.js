// For mongosh, in the database of MONGODB_URI, as somebody who may make users there: gives the API an account, the workers another, and each its rights, or
// brings them up to date. Passwords come from MONGO_API_PASSWORD and MONGO_WORKER_PASSWORD; of an account that is new and has none there, it asks for one.

// biome-ignore format: a list to be read at a glance
const both = [
  'batches', 'changes', 'clock', 'connections', 'deliveries', 'discrepancies', 'escrows', 'event_places', 'events',
  'guarded', 'heads', 'installation', 'intents', 'layouts', 'links', 'members', 'names', 'objects', 'outcomes',
  'plan_operations', 'plans', 'runs', 'seen_accounts', 'subscriptions', 'takings', 'targets', 'versions',
  'waiting_references', 'webhook_turns', 'webhooks',
];
const overSomeDay = ['calls', 'consents', 'sessions', 'setup_links'];
const database = db.getName();
const rights = (actions, collections) =>
  collections.map((collection) => ({ resource: { db: database, collection }, actions }));
const everywhere = rights(['find'], ['']);
// An index may let MongoDB remove documents (TTL), and so may a capped collection: nobody makes one where they may not remove anyway.
const make = ['createCollection', 'createIndex'];
const write = ['insert', 'update', 'remove', ...make];

// So these are made here, and API and workers only look whether they are: the audit log, which nobody removes from, and what the workers alone do.
const indexes = {
  audit_entries: [
    { organization: 1, _id: 1 },
    { subjects: 1, _id: 1 },
    { actor: 1, _id: 1 },
  ],
  reconciliations: [{ target: 1, at: 1 }],
};
for (const [name, keys] of Object.entries(indexes)) {
  const collection = db.getCollection(name);
  collection.createIndexes(keys);
  for (const index of collection.getIndexes())
    if (index.expireAfterSeconds !== undefined) collection.dropIndex(index.name);
}
const look = rights(['listIndexes'], Object.keys(indexes));

const setAccount = (name, privileges, password) => {
  if (db.getRole(name) === null) db.createRole({ role: name, privileges, roles: [] });
  else db.updateRole(name, { privileges, roles: [] });
  if (db.getUser(name) !== null) db.updateUser(name, { ...(password ? { pwd: password } : {}), roles: [name] });
  else db.createUser({ user: name, pwd: password || passwordPrompt(), roles: [name] });
};

setAccount(
  'entrain_api',
  [
    ...everywhere,
    ...rights(write, [...both, ...overSomeDay, 'api_keys', 'audit_noted', 'tenant_claims']),
    ...rights(['insert'], ['audit_entries']),
    ...look,
  ],
  process.env.MONGO_API_PASSWORD,
);
setAccount(
  'entrain_worker',
  [...everywhere, ...rights(write, [...both, 'reconciliations']), ...rights(['remove', ...make], overSomeDay), ...look],
  process.env.MONGO_WORKER_PASSWORD,
);
