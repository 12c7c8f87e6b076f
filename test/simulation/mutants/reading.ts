/** Bugs in how a tenant is read. */

import type { Mutant } from './mutant.ts';

export const reading: readonly Mutant[] = [
  {
    name: 'an unreadable page is the end of a list',
    what: 'A page that cannot be read counts as the last one, and as empty.',
    edits: [
      {
        file: 'src/source/graph/pages.ts',
        from: 'const page = checked(parse(text, PageSchema, template), endOf, template);',
        to: 'const page = checked(((): z.infer<typeof PageSchema> => { try { return parse(text, PageSchema, template); } catch { return { value: [] }; } })(), endOf, template);',
      },
    ],
  },
  {
    name: 'a page without a link is the last one',
    what: 'A page of changes that was cut off before its link counts as the last one; the next round begins from now.',
    bias: 'pages without links',
    edits: [
      {
        file: 'src/source/graph/pages.ts',
        from: `  if (delta === null)
    throw incomplete(\`A page of \${template} ends without a delta link: the answer was cut off.\`, 'NoLink');
  return { [lastPage]: true, of: collectionOf(template), delta };`,
        to: '  return { [lastPage]: true, of: collectionOf(template), delta: delta ?? `https://graph.example${template}?$deltatoken=latest` };',
      },
    ],
  },
  {
    name: 'an empty page is the end',
    what: 'A page without objects ends the listing, though it names a next page.',
    edits: [
      {
        file: 'src/source/graph/pages.ts',
        from: 'const ahead: string | null = nextLinkInHead(text);',
        to: 'const ahead: string | null = null;',
      },
      {
        file: 'src/source/graph/pages.ts',
        from: 'return { items: page.value, at: next === null ? endOf(delta, template) : { next } };',
        to: 'return { items: page.value, at: next === null ? endOf(delta, template) : page.value.length === 0 ? endOf(`https://graph.example${template}?$deltatoken=latest`, template) : { next } };',
      },
    ],
  },
  {
    name: 'half an answer is an answer',
    what: 'Of an answer that was cut off, the objects that came whole are taken for all of it.',
    bias: 'answers that are cut off',
    edits: [
      {
        file: 'src/source/graph/client.ts',
        from: '    json = JSON.parse(text);',
        to: "    json = ((whole: string): unknown => { try { return JSON.parse(whole); } catch (error) { const end = whole.lastIndexOf('},{'); if (end < 0) throw error; return JSON.parse(`${whole.slice(0, end + 1)}]}`); } })(text);",
      },
    ],
  },
  {
    name: 'an expired link says that nothing changed',
    what: 'A delta link that is not accepted any more is taken for a round without changes.',
    edits: [
      {
        file: 'src/source/graph/delta.ts',
        from: "import { endingAt, follow, type Step } from './steps.ts';",
        to: "import { DeltaChainPlace } from './pages.ts';\nimport { endingAt, follow, type Step } from './steps.ts';",
      },
      {
        file: 'src/source/graph/delta.ts',
        from: '    if (expiry === null) throw cause;',
        to: `    if (expiry === null) throw cause;
    yield { items: [], at: DeltaChainPlace.parse({ of: first.includes('/users/') ? 'users' : 'groups', delta: first }) };
    return;`,
      },
    ],
  },
  {
    name: 'what is not shown was cleared',
    what: 'Users whom Graph shows without any property, for want of a permission, are taken to have none.',
    edits: [
      {
        file: 'src/source/graph/hidden.ts',
        from: `if (users.every((each) => lacks(each, alwaysSet))) throw hidden('/users');
  if (users.every((each) => each[alwaysSwitched] === null)) throw onlyBasic();`,
        to: '',
      },
      {
        file: 'src/source/graph/hidden.ts',
        from: `if (users.every((each) => each[alwaysSet] === null || isBare(each))) throw hidden('/users');
  if (users.every((each) => each[alwaysSwitched] === null)) throw onlyBasic();`,
        to: '',
      },
      {
        file: 'src/source/graph/hidden.ts',
        from: 'export const isHidden = (user: Entity): boolean => everyUserHas.every((name) => lacks(user, name));',
        to: 'export const isHidden = (_user: Entity): boolean => false;',
      },
    ],
  },
  {
    name: 'a hidden switch is off',
    what: 'Somebody whose `accountEnabled` is not shown counts as disabled.',
    bias: 'hidden switches',
    coveredBy: {
      layer: 'confirmation',
      why: 'whoever is to be switched off is asked about right before, each by their id, and an answer that does not show the switch says nothing; whoever has no account yet gets it once a full read shows the switch, and after a read that hid something no more is promised. Past it goes only whom the answer has outside the scope, though they are in it: their membership has to be hidden by the list of the group and by their own at once, and the group has to hold them through another one, too, which no seed has met',
    },
    edits: [
      {
        file: 'src/source/graph/to-source-object.ts',
        from: `if (type === 'group' || attributes[alwaysSwitched] !== null) return attributes;
  const { [alwaysSwitched]: _, ...rest } = attributes;
  return rest;`,
        to: "return type === 'group' || attributes[alwaysSwitched] !== null ? attributes : { ...attributes, [alwaysSwitched]: false };",
      },
    ],
  },
  {
    name: 'a lost scope group is an empty one',
    what: 'A group of the scope that does not exist any more is read as one without members, and nobody is in it who is asked about.',
    bias: 'groups of the scope that go',
    edits: [
      {
        file: 'src/source/graph/scoped.ts',
        from: 'if (members === null || entity === undefined) throw missingGroup(id);',
        to: 'if (members === null || entity === undefined) return;',
      },
      {
        file: 'src/source/graph/scoped-delta.ts',
        from: 'if (lost !== undefined) throw missingGroup(sourceId(lost.id));',
        to: '',
      },
      {
        file: 'src/source/graph/membership.ts',
        from: 'if (lost !== undefined) throw missingGroup(lost);',
        to: '',
      },
    ],
  },
  {
    name: 'pages in a circle are followed',
    what: 'A next link that was followed before is followed again.',
    bias: 'pages in a circle',
    edits: [
      {
        file: 'src/source/graph/pages.ts',
        from: 'if (followed.has(digest))',
        to: 'if (followed.size < 0)',
      },
    ],
  },
  {
    name: 'a link may lead anywhere',
    what: 'A next link is followed, with the token, wherever it leads.',
    edits: [
      {
        file: 'src/source/graph/client.ts',
        from: 'if (isOwn(at)) return at;',
        to: 'if (at.length > 0) return at;',
      },
    ],
  },
  {
    name: 'the place to continue from is taken last',
    what: 'The delta link of groups is asked for after the read, so that what changed meanwhile is never told.',
    bias: 'changes while everything is read',
    edits: [
      {
        file: 'src/source/graph/full.ts',
        from: 'links: last.minted, wholeAt,',
        to: 'links: await mintProving(client, selection, signal), wholeAt,',
      },
    ],
  },
  {
    name: 'who leaves a group is not heard',
    what: 'Changes of members tell of joiners only.',
    edits: [
      {
        file: 'src/source/graph/to-source-object.ts',
        from: 'removed: entries.filter(({ removed }) => removed).map(({ ref }) => ref),',
        to: 'removed: [],',
      },
    ],
  },
  {
    name: 'the recycle bin is no leaving',
    what: 'Somebody soft-deleted, as the changes report it, stays.',
    edits: [
      {
        file: 'src/source/graph/to-source-object.ts',
        from: 'if (removed === undefined) return null;',
        to: "if (removed === undefined || (isRecord(removed) && removed['reason'] === 'changed')) return null;",
      },
    ],
  },
  {
    name: 'who comes back is asked for nothing',
    what: 'Somebody whom the changes show, and who is not stored, is not asked for their groups.',
    bias: 'whoever comes back',
    edits: [
      {
        file: 'src/source/graph/delta.ts',
        from: 'const asked = [...[...absent.keys()].map(user), ...same];',
        to: 'const asked = [...same];',
      },
      {
        file: 'src/source/graph/returned.ts',
        from: `  if (refs.length === 0) return [];
  const above = await groupsAbove(client, refs, signal);
  const groups = new Set([...above.values()].flat());`,
        to: `  if (refs.length >= 0) return [];
  const above = await groupsAbove(client, refs, signal);
  const groups = new Set([...above.values()].flat());`,
      },
    ],
  },
  {
    name: 'who was away while a list was read is asked for nothing',
    what: 'Somebody who is stored, and was in the recycle bin while a part of a full read was under way, is not asked for their groups.',
    bias: 'whoever is away while everything is read',
    edits: [
      {
        file: 'src/source/graph/unmoved.ts',
        from: 'if (left === 0) return [];',
        to: 'if (left >= 0) return [];',
      },
    ],
  },
  {
    name: 'a list of members that cannot be read is empty',
    what: 'A question about members that is refused or throttled inside a batch counts as an empty list.',
    edits: [
      {
        file: 'src/source/graph/batch.ts',
        from: `    if (!worthWaiting(refusal)) answers.set(index, { ok: false, refusal });
    else if (again === null || (refusal.retryAfterMs ?? 0) > (again.retryAfterMs ?? 0)) again = refusal;`,
        to: '    answers.set(index, { ok: false, refusal });',
      },
      {
        file: 'src/source/graph/members.ts',
        from: 'if (!answer.ok && answer.refusal.status === 404) return { group, members: null };',
        to: 'if (!answer.ok) return { group, members: [] };',
      },
    ],
  },
  {
    name: 'who cannot be asked about is gone',
    what: 'Any refusal of a question about one person counts as "does not exist".',
    bias: 'whoever is back, and no answer',
    edits: [
      {
        file: 'src/source/graph/confirm.ts',
        from: "answer.refusal.codes.includes('request_resourcenotfound') ? 'gone' : 'unsure'",
        to: "'gone'",
      },
    ],
  },
  {
    name: 'who is missing from an answer is gone',
    what: 'Who is left out of an answer about many is not asked for alone before that is believed.',
    bias: 'whoever is back, and no answer',
    edits: [
      {
        file: 'src/source/graph/confirm.ts',
        from: '...(await askAlone(client, type, absent, question, signal)),',
        to: "...absent.map((id): [SourceId, Standing] => [id, 'gone']),",
      },
    ],
  },
  {
    name: 'a question that failed is answered with gone',
    what: 'Whom the source could not be asked about counts as gone.',
    bias: 'whoever is back, and no answer',
    edits: [
      {
        file: 'src/source/graph/confirm.ts',
        from: "new Map<SourceId, Standing>(refs.map(({ id }) => [id, 'unsure']));",
        to: "new Map<SourceId, Standing>(refs.map(({ id }) => [id, 'gone']));",
      },
    ],
  },
  {
    name: 'one list is enough to say who is no member',
    what: 'A membership is over as soon as one list does not show it.',
    bias: 'replicas behind',
    within: ['confirmation'],
    edits: [
      {
        file: 'src/source/graph/membership.ts',
        from: 'groups.some((one) => sourceId(one.id) === group)',
        to: 'groups.length < 0',
      },
      {
        file: 'src/source/graph/membership.ts',
        from: 'inNeither.filter(({ id }) => through.get(id) === true)',
        to: 'inNeither.filter(({ id }) => through.get(id) !== null)',
      },
    ],
  },
];
