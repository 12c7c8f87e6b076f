/**
 * Loaded dice. A seed that leans to something meets again and again what chance brings about seldom: a bias says in which part of its range falls what is
 * drawn under a name, and what is preferred where it can be picked. Everything else is drawn as without it.
 */

export type Range = readonly [from: number, to: number];
export type Bias = {
  /** By the name that something is drawn under. */
  readonly drawn: Readonly<Record<string, Range>>;
  /** By the name that something is picked under: what is preferred, in two of three cases. */
  readonly picked: Readonly<Record<string, readonly string[]>>;
};

/** Happens, whatever its share. */
const sure: Range = [0, 0];
const never: Range = [0.9999, 0.9999];
/** Happens also where chance alone never brings it about. */
const always: Range = [-1, -1];
/** Of an amount: near the least, near the most. */
const little: Range = [0, 0.1];
const much: Range = [0.8, 0.9999];

const drawn = (range: Range, ...names: readonly string[]): Readonly<Record<string, Range>> =>
  Object.fromEntries(names.map((name) => [name, range]));
/** Faults that are in the mix, and frequent. */
const faults = (...kinds: readonly string[]): Bias['drawn'] => ({
  ...drawn(sure, ...kinds.map((kind) => `mix ${kind}`)),
  ...drawn([0.6, 0.9999], ...kinds.map((kind) => `mix rate ${kind}`)),
});
const readsGraph = drawn(sure, 'reads Graph');
const readsMemory = drawn(never, 'reads Graph');
const writesScim = drawn(sure, 'writes SCIM');
const writesMemory = drawn(never, 'writes SCIM');
const freely = drawn(sure, 'shrinks freely');

/** No read lies, no full sync comes by itself after the first, and after the faults changes alone have to do: what was lost once is never found again. */
const onlyChanges: Bias['drawn'] = {
  ...drawn(never, 'mix empty_list', 'mix partial_list', 'mix null_properties', 'mix hidden_switch'),
  ...drawn(never, 'replicas fall behind'),
  ...drawn(much, 'tail', 'full sync interval'),
};
const manyEdits = drawn(much, 'edit of tenant 0');
const manyActs = drawn(much, 'act of operator 0');
const behind: Bias['drawn'] = {
  ...readsGraph,
  ...freely,
  ...drawn(sure, 'replicas fall behind'),
  ...drawn(much, 'replica behind 0', 'lasts'),
  ...drawn(little, 'full sync interval'),
};
const leavers = ['recycled', 'purged', 'left', 'disabled'];
const tight: Bias['drawn'] = {
  ...drawn(sure, 'deprovisions percent', 'deprovisions floor', 'group deletes percent', 'group deletes floor'),
};

/** Much happens at once, and hardly anything may be lost unseen. */
const shrinking: Bias['drawn'] = {
  ...manyEdits,
  ...drawn(never, 'shrinks freely', 'lets go', 'puts the database back'),
  ...drawn(little, 'shrink floor', 'people', 'mix share'),
  ...drawn([0.5, 0.6], 'edit of tenant 0 at'),
};

const strict = (limit: string): Bias['drawn'] => drawn(sure, `${limit} percent`, `${limit} floor`);
const lax = (limit: string): Bias['drawn'] => drawn(much, `${limit} percent`, `${limit} floor`);
/** Many people stay, and go from one group to another. */
const regroups: Bias['drawn'] = {
  ...freely,
  ...manyEdits,
  ...drawn(sure, 'first plans approve themselves', 'scope of everybody'),
  ...drawn(much, 'people', 'minutes'),
};
const toGroups = { edit: ['left', 'joined'] } as const;
const writes: Bias['drawn'] = { ...freely, ...manyEdits, ...drawn(sure, 'first plans approve themselves') };

const biases = {
  'answers that are cut off': {
    drawn: { ...onlyChanges, ...readsGraph, ...manyEdits, ...drawn(never, 'reads managers'), ...faults('truncated') },
    picked: {},
  },
  'pages without links': { drawn: { ...onlyChanges, ...readsGraph, ...manyEdits, ...faults('no_links') }, picked: {} },
  'pages in a circle': { drawn: { ...readsGraph, ...faults('circle') }, picked: {} },
  'hidden switches': { drawn: { ...readsGraph, ...faults('hidden_switch') }, picked: {} },
  'reads that stop': { drawn: { ...readsMemory, ...freely, ...faults('cut_short') }, picked: {} },
  'empty lists': {
    drawn: {
      ...readsGraph,
      ...freely,
      ...drawn(sure, 'scope of everybody', 'Graph as documented'),
      ...faults('empty_list'),
    },
    picked: { operator: ['full sync asked for'] },
  },
  'replicas behind': { drawn: behind, picked: { edit: ['new title', 'joined'] } },
  'lists that are old': {
    drawn: {
      ...onlyChanges,
      ...readsGraph,
      ...manyActs,
      ...manyEdits,
      ...drawn(sure, 'lists are old'),
      ...drawn(much, 'age of lists'),
      ...drawn(never, 'reads managers', 'Graph as documented'),
    },
    picked: { edit: ['recycled', 'purged'], operator: ['full sync asked for'] },
  },
  'changes while everything is read': {
    drawn: {
      ...onlyChanges,
      ...readsGraph,
      ...freely,
      ...manyEdits,
      ...drawn(never, 'reads managers', 'Graph as documented', 'act of operator 0'),
      ...drawn(little, 'largest list', 'slice'),
      ...drawn(much, 'people'),
      // When everything is read for the first time.
      ...drawn([0, 0.08], 'edit of tenant 0 at'),
      ...faults('throttled'),
    },
    picked: { edit: ['joined', 'left'] },
  },
  // Whoever comes back after their deletion was told, and before that is, cannot be asked about in between.
  'whoever is back, and no answer': {
    drawn: {
      ...readsGraph,
      ...writesScim,
      ...writes,
      ...drawn(sure, 'scope of everybody', 'slow target desk0', 'concurrency', 'lags'),
      ...drawn(never, 'reads managers', 'replicas fall behind', 'somebody is protected', 'act of operator 0'),
      ...drawn(never, 'two customers', 'puts the database back', 'Graph as documented', 'lists are old'),
      ...drawn(much, 'people', 'minutes', 'refresh interval', 'full sync interval', 'lag'),
      ...drawn([0, 0.3], 'policy'),
      ...lax('deprovisions'),
      // Once they have accounts.
      ...drawn([0.35, 0.95], 'edit of tenant 0 at'),
      // Nothing else goes wrong; and hardly anything elsewhere.
      ...drawn([-0.3, -0.3], 'mix share'),
      ...drawn(always, 'mix partial_list', 'mix truncated', 'mix refused'),
      ...drawn(little, 'mix rate partial_list', 'mix rate truncated', 'mix rate refused'),
      ...drawn(never, 'graph GET /v1.0/users', 'graph GET /v1.0/users/delta', 'graph GET /v1.0/groups/delta'),
      // They are left out of an answer about many and refused when they are asked for alone, or there is no answer.
      ...drawn([0, 0.018], 'graph POST /v1.0/directoryObjects/getByIds'),
      ...drawn(sure, 'graph batched GET /v1.0/users/{id}'),
    },
    picked: { edit: ['recycled', 'restored'] },
  },
  // When everything is read for the first time: they are listed, and in no list of members.
  'whoever is away while everything is read': {
    drawn: {
      ...onlyChanges,
      ...readsGraph,
      ...freely,
      ...manyEdits,
      ...drawn(sure, 'scope of everybody'),
      ...drawn(never, 'reads managers', 'Graph as documented', 'act of operator 0', 'shuffles', 'lists are old'),
      ...drawn(little, 'largest list', 'slice', 'mix share'),
      ...drawn(much, 'people'),
      ...drawn([0, 0.08], 'edit of tenant 0 at'),
      ...faults('throttled'),
    },
    picked: { edit: ['recycled', 'restored'] },
  },
  'groups of the scope that go': {
    drawn: { ...readsGraph, ...freely, ...manyEdits, ...drawn(never, 'scope of everybody') },
    picked: { edit: ['group recycled'] },
  },
  'reads that lose people': {
    drawn: {
      ...shrinking,
      ...drawn(sure, 'scope of everybody'),
      ...drawn(never, 'reads managers'),
      ...drawn(little, 'full sync interval'),
      ...faults('expired_delta'),
    },
    picked: { edit: ['purged', 'recycled'], operator: ['full sync asked for'] },
  },
  'groups that are emptied': {
    drawn: {
      ...shrinking,
      ...drawn(never, 'scope of everybody'),
      ...drawn(sure, 'scope names group 0'),
      ...drawn(little, 'edit of group'),
      ...drawn([0, 0.7], 'is in group 0', 'is in group 1', 'is in group 2'),
    },
    picked: { edit: ['left'] },
  },
  'groups inside others that are emptied': {
    drawn: {
      ...shrinking,
      ...drawn(never, 'scope of everybody', 'scope names group 0'),
      ...drawn(sure, 'scope is nested', 'is nested', 'scope names group 1', 'may shrink by half'),
      ...drawn(little, 'edit of group', 'groups'),
      ...drawn(much, 'people'),
      ...drawn([0.3, 0.6], 'is in group 0'),
      ...drawn([0.3, 0.95], 'is in group 1'),
    },
    picked: { edit: ['left'] },
  },
  'values that are cleared': {
    drawn: { ...shrinking, ...drawn(sure, 'scope of everybody') },
    picked: { edit: ['no title'] },
  },
  'plans that wait long': {
    drawn: {
      ...manyEdits,
      ...freely,
      ...drawn(never, 'first plans approve themselves', 'two people approve', 'puts the database back'),
      ...drawn([0.76, 0.99], 'decision'),
    },
    picked: { edit: ['hired', 'new title', 'joined'] },
  },
  'what is held gives and takes': {
    drawn: {
      ...tight,
      ...freely,
      ...manyEdits,
      ...drawn(sure, 'limits creates', 'limits updates', 'first plans approve themselves'),
      ...strict('creates'),
      ...strict('updates'),
      ...drawn([0, 0.59], 'policy'),
    },
    picked: { edit: ['hired', 'new title', ...leavers] },
  },
  'plans that lose operations': {
    drawn: {
      ...drawn(sure, 'loses operations of plans', 'loses an operation'),
      ...drawn(never, 'first plans approve themselves', 'two people approve', 'puts the database back'),
      ...drawn([0, 0.3], 'decision'),
    },
    picked: { operator: ['plans decided on'] },
  },
  'whoever comes back': {
    drawn: {
      ...onlyChanges,
      ...readsGraph,
      ...freely,
      ...manyEdits,
      ...drawn(little, 'full sync interval'),
      ...drawn(much, 'people', 'minutes'),
    },
    picked: { edit: ['recycled', 'restored'] },
  },
  'switch-offs that are lost': {
    drawn: {
      ...writes,
      ...writesScim,
      ...drawn(never, 'mix lost_write', 'mix stale_read'),
      ...drawn(sure, 'loses switch-offs', 'scope of everybody'),
      ...drawn([0, 0.39], 'policy'),
      ...lax('deprovisions'),
    },
    picked: { edit: ['disabled', 'purged'] },
  },
  'runs of one group': {
    drawn: { ...onlyChanges, ...freely, ...manyActs },
    picked: { operator: ['one group asked for'] },
  },
  'scopes edited while they are read': {
    drawn: {
      ...onlyChanges,
      ...readsMemory,
      ...freely,
      ...manyActs,
      ...drawn(sure, 'page size', 'slice'),
      ...drawn(never, 'scope of everybody'),
      ...faults('throttled', 'unavailable'),
    },
    picked: { operator: ['scope edited'] },
  },
  'many who leave a slow target at once': {
    drawn: {
      ...writesScim,
      ...writes,
      ...drawn(sure, 'slow target desk0', 'concurrency', 'scope of everybody'),
      ...drawn(never, 'act of operator 0', 'two customers', 'puts the database back', 'somebody is protected'),
      ...drawn(much, 'people', 'minutes'),
      ...drawn(little, 'mix share'),
      ...drawn([0.5, 0.55], 'edit of tenant 0 at'),
      ...drawn([0, 0.3], 'policy'),
      ...lax('deprovisions'),
    },
    picked: { edit: ['disabled'] },
  },
  'wrong clocks': {
    drawn: {
      ...drawn(much, 'workers'),
      ...drawn(
        sure,
        ...[0, 1, 2].flatMap((nth) => [`clock of worker ${nth} is wrong`, `clock of worker ${nth} is wrong by a day`]),
      ),
    },
    picked: { edit: leavers },
  },
  'answers that stay open': {
    drawn: {
      ...tight,
      ...freely,
      ...manyEdits,
      ...drawn([0, 0.39], 'policy'),
      ...faults('timeout_after', 'timeout', 'unavailable', 'crash_after'),
    },
    picked: { edit: ['recycled', 'restored', 'disabled', 'enabled'] },
  },
  'groups that go': {
    drawn: { ...tight, ...freely, ...manyEdits, ...drawn(sure, 'deletes groups that leave') },
    picked: { edit: ['group recycled', 'founded'] },
  },
  'who leaves groups': {
    drawn: { ...regroups, ...strict('removals'), ...lax('removals per group') },
    picked: toGroups,
  },
  'who leaves one group': {
    drawn: { ...regroups, ...strict('removals per group'), ...lax('removals') },
    picked: toGroups,
  },
  'who is back at once': {
    drawn: {
      ...regroups,
      ...drawn(sure, 'mistakes are made'),
      ...drawn(much, 'mistake in tenant 0', 'mistaken for leavers'),
      ...strict('removals per group'),
      ...strict('removals'),
      ...lax('deprovisions'),
    },
    picked: toGroups,
  },
  'limited updates': {
    drawn: { ...writes, ...drawn(sure, 'limits updates'), ...strict('updates'), ...drawn(never, 'limits creates') },
    picked: { edit: ['new title'] },
  },
  'limited creates': {
    drawn: { ...writes, ...drawn(sure, 'limits creates'), ...strict('creates'), ...drawn(never, 'limits updates') },
    picked: { edit: ['hired'] },
  },
  'limited adoptions': {
    drawn: {
      ...writesMemory,
      ...freely,
      ...drawn(sure, 'first plans approve themselves', 'has an account already', 'limits adoptions'),
      ...drawn(never, 'has two accounts already', 'limits updates', 'limits creates'),
      ...strict('adoptions'),
    },
    picked: {},
  },
  'groups that stay': {
    drawn: { ...freely, ...drawn(never, 'deletes groups that leave') },
    picked: { edit: ['group recycled'] },
  },
  'days of grace': { drawn: { ...freely, ...drawn([0.6, 0.79], 'policy') }, picked: { edit: leavers } },
  'leavers left alone': { drawn: { ...freely, ...drawn([0.8, 0.9999], 'policy') }, picked: { edit: leavers } },
  'leavers switched off': { drawn: { ...freely, ...drawn([0, 0.39], 'policy') }, picked: { edit: leavers } },
  'accounts from before': {
    drawn: { ...writesMemory, ...drawn(sure, 'has an account already', 'has two accounts already') },
    picked: {},
  },
  'groups from before': {
    drawn: { ...writesMemory, ...drawn(sure, 'has a group already', 'first plans approve themselves') },
    picked: {},
  },
  'one name for two': {
    drawn: {
      ...writesMemory,
      ...manyEdits,
      ...drawn(sure, 'has an account already', 'page size'),
      ...drawn(never, 'has two accounts already'),
      ...drawn([0, 0.2], 'edit of tenant 0 at'),
      ...faults('throttled'),
    },
    picked: { edit: ['swapped principal names', 'hired under a former name', 'purged'] },
  },
  // Whoever is hired takes the name of somebody whose account stays.
  'names of whoever was purged': {
    drawn: {
      ...writesMemory,
      ...writes,
      ...drawn(sure, 'scope of everybody'),
      ...drawn(never, 'somebody is protected', 'slow target desk0'),
      ...drawn(little, 'mix share'),
      ...drawn([0, 0.39], 'policy'),
      ...lax('deprovisions'),
    },
    picked: { edit: ['hired under a former name', 'purged'] },
  },
  'groups from before that go': {
    drawn: {
      ...writesMemory,
      ...freely,
      ...manyEdits,
      ...drawn(sure, 'has a group already', 'deletes groups that leave', 'scope of everybody', 'edit of group'),
      // It is taken over by whoever looks at the first plan.
      ...drawn(never, 'first plans approve themselves', 'two people approve', 'puts the database back'),
      ...drawn([0, 0.3], 'decision'),
      ...drawn([0.6, 0.99], 'edit of tenant 0 at'),
      ...drawn(much, 'minutes'),
      ...drawn(little, 'mix share'),
      ...lax('group deletes'),
    },
    picked: { edit: ['group recycled'] },
  },
  'names that are given away while everything is read': {
    drawn: {
      ...readsGraph,
      ...writesScim,
      ...writes,
      ...drawn(sure, 'scope of everybody'),
      // One that refuses no second account of a name.
      ...drawn([0.76, 0.99], 'SCIM personality'),
      ...drawn(never, 'Graph as documented', 'has an account already', 'slow target desk0', 'act of operator 0'),
      ...drawn(little, 'largest list', 'delta page size'),
      ...drawn(much, 'people'),
      // When everything is read for the first time.
      ...drawn([0, 0.1], 'edit of tenant 0 at'),
      ...faults('throttled'),
    },
    picked: { edit: ['swapped principal names'] },
  },
  'answers that are lost': {
    drawn: { ...manyEdits, ...faults('fails_after', 'reset_after', 'timeout_after', 'reset') },
    picked: { edit: ['new title', 'hired', ...leavers] },
  },
  'writes that are lost': {
    drawn: { ...onlyChanges, ...writesScim, ...manyEdits, ...faults('lost_write') },
    picked: { edit: ['new title', 'joined', 'left', 'disabled'] },
  },
  'readers of a target that are behind': {
    drawn: {
      ...writesScim,
      ...freely,
      ...manyEdits,
      ...drawn(sure, 'without PATCH', 'first plans approve themselves', 'scope of everybody'),
      ...drawn([0.76, 0.99], 'SCIM personality'),
      ...drawn(never, 'slow target desk0'),
      ...faults('stale_read'),
    },
    picked: { edit: ['group renamed', 'joined', 'left'] },
  },
  'managers that a target does not show yet': {
    drawn: {
      ...writesScim,
      ...writes,
      ...drawn(sure, 'reads managers', 'has a manager', 'no manager', 'scope of everybody'),
      ...drawn(never, 'slow target desk0', 'members are hidden', 'without PATCH', 'puts the database back'),
      ...drawn(much, 'people', 'tail'),
      // Once they have accounts.
      ...drawn([0.3, 0.99], 'edit of tenant 0 at'),
      ...faults('stale_read'),
    },
    picked: { edit: ['another manager'] },
  },
  'answers without ids': {
    drawn: { ...writesScim, ...manyEdits, ...drawn([0.76, 0.99], 'SCIM personality'), ...faults('no_id') },
    picked: { edit: ['hired'] },
  },
  'hidden members': {
    drawn: {
      ...writesScim,
      ...manyEdits,
      ...drawn(sure, 'members are hidden', 'first plans approve themselves', 'when PATCH is lost'),
      ...drawn(never, 'without PATCH', 'mix lost_write', 'mix stale_read'),
      ...drawn(much, 'how long PATCH is lost'),
    },
    picked: { edit: ['group renamed', 'joined'] },
  },
  'groups that are switched off': {
    drawn: {
      ...manyEdits,
      ...drawn(sure, 'groups are switched off', 'first plans approve themselves'),
      ...drawn(much, 'how long groups are off'),
    },
    picked: { edit: ['left', 'left', 'joined'] },
  },
  'lost routes': {
    drawn: {
      ...writesScim,
      ...manyEdits,
      ...drawn(sure, 'a gateway loses its route', 'first plans approve themselves'),
      ...drawn(much, 'how long the route is lost'),
    },
    picked: { edit: leavers },
  },
  'web pages': {
    drawn: {
      ...writesScim,
      ...manyEdits,
      ...drawn(sure, 'has an account already'),
      ...drawn([0.76, 0.99], 'SCIM personality'),
      ...faults('web_page'),
    },
    picked: { edit: ['hired', ...leavers] },
  },
  'workers that sleep': {
    drawn: { ...manyEdits, ...drawn(much, 'workers'), ...faults('pause', 'wakeup_twice') },
    picked: {},
  },
  'workers that sleep while they connect': {
    drawn: {
      ...writesScim,
      ...freely,
      ...manyEdits,
      ...drawn(sure, 'opens a connection', 'first plans approve themselves', 'scope of everybody'),
      ...drawn(little, 'people'),
      ...drawn(much, 'workers', 'minutes', 'deprovisions percent', 'deprovisions floor'),
      ...drawn([0, 0.39], 'policy'),
      ...faults('pause', 'wakeup_twice'),
      // For longer than any lease.
      ...drawn(much, 'scim connect roll'),
    },
    picked: { edit: ['disabled', 'enabled'] },
  },
  'switches thrown while a worker sleeps': {
    drawn: {
      ...writesMemory,
      ...freely,
      ...manyEdits,
      ...drawn(sure, 'first plans approve themselves', 'scope of everybody'),
      ...drawn(little, 'people'),
      ...drawn(much, 'workers', 'minutes', 'deprovisions percent', 'deprovisions floor'),
      ...drawn([0, 0.39], 'policy'),
      ...faults('pause', 'wakeup_twice'),
      // For longer than any lease, with what was done, and not yet settled.
      ...drawn(much, 'target.update roll', 'target.disable roll'),
    },
    picked: { edit: ['disabled', 'enabled'] },
  },
  'workers that die': { drawn: { ...onlyChanges, ...manyEdits, ...faults('crash_after', 'crash_before') }, picked: {} },
  'switches thrown while everything is read': {
    drawn: {
      ...readsMemory,
      ...writes,
      ...drawn(sure, 'scope of everybody', 'page size', 'edit of'),
      ...drawn(much, 'workers', 'minutes'),
      ...drawn(little, 'full sync interval'),
      ...drawn([0, 0.39], 'policy'),
      ...lax('deprovisions'),
      // It takes minutes.
      ...faults('throttled', 'unavailable'),
    },
    picked: { edit: ['disabled', 'enabled'] },
  },
  // Whoever is disabled has no account yet, and leaves groups before there is one.
  'what waits for accounts': {
    drawn: {
      ...onlyChanges,
      ...freely,
      ...manyEdits,
      ...drawn([0, 0.15], 'begins disabled'),
      ...faults('unavailable', 'throttled', 'fails_after'),
    },
    picked: { edit: ['enabled', 'joined', 'left', 'another manager'] },
  },
  'what is held': {
    drawn: { ...onlyChanges, ...tight, ...freely, ...manyEdits, ...drawn([0, 0.59], 'policy') },
    picked: { edit: leavers },
  },
  'two people': {
    drawn: { ...tight, ...freely, ...manyEdits, ...drawn(sure, 'two people approve'), ...drawn([0, 0.59], 'policy') },
    picked: { edit: leavers },
  },
  'two people, and then one': {
    drawn: {
      ...tight,
      ...freely,
      ...manyEdits,
      ...drawn(sure, 'two people approve', 'changes who approves'),
      ...drawn([0.4, 0.6], 'approvals by operator 0'),
      ...drawn([0.1, 0.3], 'approvals by operator 0 at'),
      ...drawn([0, 0.59], 'policy'),
    },
    picked: { edit: leavers },
  },
  'two people, and then no limits': {
    drawn: {
      ...tight,
      ...freely,
      ...manyEdits,
      ...drawn(sure, 'two people approve', 'changes safeguards', 'first plans approve themselves'),
      ...drawn(never, 'changes who approves', 'slow target desk0'),
      ...drawn(much, 'people', 'minutes'),
      ...drawn([0.3, 0.6], 'safeguards by operator 0'),
      ...drawn([0.1, 0.3], 'safeguards by operator 0 at'),
      ...drawn([0, 0.59], 'policy'),
    },
    picked: { edit: leavers, safeguard: ['limits lifted'] },
  },
  'two people, and then no protection': {
    drawn: {
      ...freely,
      ...manyEdits,
      ...drawn(sure, 'two people approve', 'changes safeguards', 'somebody is protected'),
      ...drawn(sure, 'first plans approve themselves'),
      ...drawn(never, 'changes who approves', 'guards somebody', 'slow target desk0'),
      ...drawn(much, 'deprovisions floor', 'minutes'),
      ...drawn(little, 'people'),
      ...drawn([0.3, 0.6], 'safeguards by operator 0'),
      ...drawn([0.1, 0.3], 'safeguards by operator 0 at'),
      ...drawn([0.5, 0.99], 'edit of tenant 0 at'),
      ...drawn([0, 0.59], 'policy'),
    },
    picked: { edit: leavers, safeguard: ['protection lifted'] },
  },
  'whoever is protected no more': {
    drawn: {
      ...freely,
      ...manyEdits,
      ...drawn(sure, 'guards somebody', 'first plans approve themselves'),
      ...drawn(much, 'protection by operator 0', 'deprovisions floor', 'minutes'),
      ...drawn([0.2, 0.99], 'protection by operator 0 at'),
      ...drawn([0, 0.59], 'policy'),
    },
    picked: { edit: leavers, protection: ['nobody', 'a person by id', 'an attribute', 'a group'] },
  },
  'whoever is protected': {
    drawn: {
      ...freely,
      ...manyEdits,
      ...drawn(sure, 'guards somebody'),
      ...drawn(never, 'slow target desk0'),
      ...drawn(much, 'protection by operator 0', 'deprovisions floor', 'minutes'),
      ...drawn([0.1, 0.2], 'protection by operator 0 at'),
      ...drawn([0.75, 0.99], 'edit of tenant 0 at'),
      ...drawn([0, 0.59], 'policy'),
    },
    picked: { edit: leavers, protection: ['a person by id', 'an account by id', 'an attribute', 'a group'] },
  },
  'a database that is put back': {
    drawn: { ...freely, ...manyEdits, ...drawn(sure, 'puts the database back'), ...drawn(much, 'minutes') },
    picked: { edit: ['hired', ...leavers] },
  },
  previews: {
    drawn: { ...freely, ...drawn(sure, 'previews scopes'), ...drawn(much, 'preview by operator 0') },
    picked: {},
  },
  'what is taken back': {
    drawn: {
      ...freely,
      ...manyActs,
      ...drawn(sure, 'amends', 'has a group already'),
      ...drawn(much, 'amendment of operator 0'),
    },
    picked: { amendment: ['undo asked for'], operator: ['full provision run asked for', 'plans decided on'] },
  },
  'what is put right': {
    drawn: {
      ...freely,
      ...drawn(sure, 'amends', 'first plans approve themselves', 'scope of everybody'),
      ...drawn(never, 'two customers', 'puts the database back', 'somebody is protected', 'slow target desk0'),
      ...drawn(much, 'amendment of operator 0', 'act of operator 0', 'edit at target 0', 'minutes'),
      // Whatever moves moves the plan.
      ...drawn(little, 'edit of tenant 0', 'mix share'),
      ...drawn(much, 'refresh interval', 'full sync interval'),
      ...drawn([0.4, 0.5], 'edit at target 0 at'),
      ...drawn([0.5, 0.8], 'amendment of operator 0 at'),
      ...drawn([0.7, 0.9999], 'act of operator 0 at'),
      ...drawn([0, 0.64], 'decision'),
      ...drawn([0.4, 0.9999], 'a new account at the target'),
    },
    picked: { amendment: ['reconciliation asked for', 'repair asked for'], operator: ['plans decided on'] },
  },
  'Graph as it was observed': {
    drawn: { ...readsGraph, ...manyEdits, ...drawn(always, 'Graph as observed') },
    picked: {},
  },
  'Graph at its strangest': {
    drawn: { ...readsGraph, ...manyEdits, ...drawn(always, 'Graph at its strangest') },
    picked: {},
  },
  'wake-ups that are lost': {
    drawn: {
      ...drawn(sure, 'loses the queue', 'loses the queue in the end'),
      ...drawn(much, 'loss of the queue'),
      ...faults('wakeup_lost'),
    },
    picked: {},
  },
} as const satisfies Readonly<Record<string, Bias>>;

export type BiasName = keyof typeof biases;
const isBiasName = (name: string): name is BiasName => Object.hasOwn(biases, name);
export const biasNames: readonly BiasName[] = Object.keys(biases).filter(isBiasName);

/** Throws for a name that nothing has. */
export const biasNamed = (name: string): Bias => {
  if (!isBiasName(name)) throw new Error(`No bias is called "${name}".`);
  return biases[name];
};
