/** Bugs in how a target is written to. */

import { off } from './layers.ts';
import type { Mutant } from './mutant.ts';

export const writing: readonly Mutant[] = [
  {
    name: 'no intent',
    what: 'Nothing is written down before it is done.',
    edits: [
      {
        file: 'src/engine/carry-out.ts',
        from: 'await ledger.intend(work.lease, intents);',
        to: '',
      },
    ],
  },
  {
    name: 'intents are noted afterwards',
    what: 'What is done is written down once it was done.',
    edits: [
      {
        file: 'src/engine/carry-out.ts',
        from: `  await ledger.intend(work.lease, intents);
`,
        to: '',
      },
      {
        file: 'src/engine/carry-out.ts',
        from: `  await work.engine.failpoint('provision.applied');
`,
        to: `  await ledger.intend(work.lease, intents);
`,
      },
    ],
  },
  {
    name: 'what is taken away carries no proof',
    what: 'Which read told of it, and what the tenant answered, is not written down.',
    edits: [
      {
        file: 'src/engine/provisioning.ts',
        from: 'evidence: evidence ?? null,',
        to: 'evidence: null,',
      },
    ],
  },
  {
    name: 'no intent recovery',
    what: 'What was under way when a worker died is never looked at.',
    bias: 'workers that die',
    edits: off('recovery'),
  },
  {
    name: 'a create is sent again without a look',
    what: 'A create whose answer was lost is repeated blindly.',
    bias: 'answers that are lost',
    edits: [
      {
        file: 'src/engine/look.ts',
        from: 'return await look(work, planned, link, isRefused);',
        to: "return planned.operation.action === 'create' ? { kind: 'no_trace' } : await look(work, planned, link, isRefused);",
      },
    ],
  },
  {
    name: 'nobody is looked for before a create',
    what: 'Accounts are made without looking whether there is one.',
    bias: 'accounts from before',
    edits: [
      {
        file: 'src/engine/look.ts',
        from: "if (match.kind !== 'none') return match;",
        to: "if (match.kind === 'linked_elsewhere') return match;",
      },
    ],
  },
  {
    name: 'groups of others are taken by their name',
    what: 'A group that was there before is taken over by a run that nobody looks at.',
    bias: 'groups from before',
    edits: [
      {
        file: 'src/engine/look.ts',
        from: 'if (!mayClaim && isUnclaimed',
        to: "if (ref.id === '' && isUnclaimed",
      },
    ],
  },
  {
    name: 'an open answer is a success',
    what: 'An update, a disable or a delete whose answer was lost counts as done.',
    bias: 'answers that are lost',
    edits: [
      {
        file: 'src/engine/carry-out.ts',
        from: `    case 'conflict':
    case 'unknown':
      return await resolve(work, pending, error);`,
        to: `    case 'unknown':
      if ('remoteId' in operation) return applied(work, pending, operation.remoteId);
      return await resolve(work, pending, error);
    case 'conflict':
      return await resolve(work, pending, error);`,
      },
    ],
  },
  {
    name: 'members are replaced',
    what: 'Adding members to a group replaces all it has.',
    edits: [
      {
        file: 'src/target/scim/requests.ts',
        from: "[{ op: 'add', path: 'members',",
        to: "[{ op: 'replace', path: 'members',",
      },
    ],
  },
  {
    name: 'a removal empties the group',
    what: 'Removing one member removes the whole list.',
    edits: [
      {
        file: 'src/target/scim/requests.ts',
        from: 'path: `members[value eq ${JSON.stringify(remoteId)}]` }));',
        to: "path: remoteId === '' ? '' : 'members' }));",
      },
    ],
  },
  {
    name: 'a success is believed',
    what: 'What a target answered is never read back.',
    bias: 'writes that are lost',
    edits: off('read back'),
  },
  {
    name: 'who is switched off is not looked at',
    what: 'That somebody was switched off is believed as it was answered.',
    bias: 'switch-offs that are lost',
    edits: [{ file: 'src/target/scim/read-back.ts', from: ' && !switchesOff(asked)', to: '' }],
  },
  {
    name: 'what was replaced is not waited for',
    what: 'What a reader shows that does not know the last write yet is changed and put back.',
    bias: 'readers of a target that are behind',
    edits: [
      {
        file: 'src/target/scim/update.ts',
        from: 'await recent.settled(id, look, signal)',
        to: 'await look()',
      },
    ],
  },
  {
    name: 'an answer without an id is asked for again',
    what: 'A create that is answered without an id is sent once more.',
    bias: 'answers without ids',
    edits: [
      {
        file: 'src/target/scim/create.ts',
        from: `const found = await unlessRefused(() => afterWrite(() => findCreated(session, operation, signal)));
    if (found === null) throw unreadable(request, answer);
    return found;`,
        to: `const again = await session.client.succeed(request, signal);
    const second = again.body.kind === 'json' ? idIn(again.body.json) : null;
    if (second === null) throw unreadable(request, answer);
    return second;`,
      },
    ],
  },
  {
    name: 'a web page says that nobody is there',
    what: 'A proxy that answers 404 with a web page is taken for the target.',
    bias: 'web pages',
    edits: [
      {
        file: 'src/target/scim/errors.ts',
        from: "  (status === 404 || status === 410) && body.kind !== 'page';",
        to: '  (status === 404 || status === 410) && body.kind.length > 0;',
      },
      {
        file: 'src/target/scim/errors.ts',
        from: "if ((status === 404 || status === 410) && body.kind === 'page') return 'unavailable';",
        to: '',
      },
    ],
  },
  {
    name: 'a group is replaced by what is shown of it',
    what: 'Where there is no PATCH a group is put back without whoever the target does not show.',
    bias: 'hidden members',
    edits: [
      {
        file: 'src/target/scim/update.ts',
        from: "if (type === 'group' && isWritten)",
        to: "if (type === 'group' && !isWritten)",
      },
    ],
  },
  {
    name: 'a 404 is believed at once',
    what: 'Whoever a target answers 404 about is gone, whether or not it shows that it is there.',
    bias: 'lost routes',
    edits: [
      {
        file: 'src/target/scim/life.ts',
        from: 'if (await shows(session, type, signal)) return;',
        to: 'if ((await shows(session, type, signal)) || type.length > 0) return;',
      },
    ],
  },
  {
    name: 'an answer that is no list is an empty one',
    what: 'A page of a sign-in form is taken for "nobody found".',
    bias: 'web pages',
    edits: [
      {
        file: 'src/target/scim/find.ts',
        from: 'const list = client.objectIn(request, answer);',
        to: `if (answer.body.kind !== 'json') return { totalResults: 0 };
  const list = client.objectIn(request, answer);`,
      },
    ],
  },
  {
    name: 'two people of one turn may share an account',
    what: 'What one person of a turn was given may be given to the next one.',
    bias: 'one name for two',
    edits: [
      {
        file: 'src/engine/provisioning.ts',
        from: 'return owner === id;',
        to: "return owner !== '';",
      },
    ],
  },
  {
    name: 'the lease is not looked at before a write',
    what: 'A worker that slept writes to the target without asking whether it is still its turn.',
    bias: 'workers that sleep while they connect',
    within: ['lease watch'],
    edits: [
      {
        file: 'src/engine/carry-out.ts',
        from: `    work.watch.check();
`,
        to: '',
      },
    ],
  },
  {
    name: 'the lease is not looked at as the first byte goes out',
    what: 'A worker that slept while it waited for a connection writes without asking whether it is still its turn.',
    bias: 'workers that sleep while they connect',
    edits: [
      {
        file: 'src/target/scim/client.ts',
        from: 'exchange(request, signal, watching.check)',
        to: 'exchange(request, signal, () => {})',
      },
    ],
  },
  {
    name: 'whoever is switched on is not asked about',
    what: 'An account is switched on by what was read, however old that is.',
    bias: 'switches thrown while everything is read',
    edits: [
      {
        file: 'src/engine/switch-on.ts',
        from: 'if (back.length === 0) return plans;',
        to: 'if (back.length >= 0) return plans;',
      },
    ],
  },
  {
    name: 'what was not seen was not done',
    what: 'A write that the target did not show counts as one that had no effect.',
    bias: 'managers that a target does not show yet',
    within: ['read back'],
    edits: [
      {
        file: 'src/core/told.ts',
        from: 'if (Object.keys(written).length === 0) return null;',
        to: 'if (Object.keys(written).length >= 0) return null;',
      },
    ],
  },
  {
    name: 'two of one name are made side by side',
    what: 'That two people of one turn are called alike is not looked at.',
    bias: 'names that are given away while everything is read',
    edits: [
      {
        file: 'src/engine/same-names.ts',
        from: 'if (taken !== undefined)\n',
        to: 'if (taken !== undefined && taken === null)\n',
      },
    ],
  },
];
