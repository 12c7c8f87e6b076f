/** Checks the rooms and the direction of imports that docs/architecture.md draws. A message says which line breaks which rule. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

/** `to`: a file of ours by its path, or the name of a package (`node:` for one of Node's own). */
type Import = { readonly from: string; readonly line: number; readonly to: string };

const filesIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`)
    .sort();

const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Static imports, re-exports and dynamic imports. Comments are blanked, so that an example in one is no import. */
const importsIn = (file: string, text: string): readonly Import[] => {
  const code = withoutComments(text);
  const from = /^[ \t]*(?:import|export)\b[^'"`;=]*?\bfrom\s*(['"])(?<path>[^'"]+)\1/gm;
  const effect = /^[ \t]*import\s*(['"])(?<path>[^'"]+)\1/gm;
  const dynamic = /\bimport\(\s*(['"])(?<path>[^'"]+)\1/g;
  return [from, effect, dynamic]
    .flatMap((form) => [...code.matchAll(form)])
    .map((match) => ({
      from: file,
      line: code.slice(0, match.index + match[0].length).split('\n').length,
      to: resolved(file, match.groups?.['path'] ?? ''),
    }));
};

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, ' '));

const resolved = (file: string, path: string): string => {
  if (path.startsWith('.')) return join(file, '..', path);
  if (path.startsWith('node:')) return 'node:';
  return path.split('/', path.startsWith('@') ? 2 : 1).join('/');
};

const product = [...filesIn('src'), ...filesIn('workers')];
const simulator = filesIn('simulator');
const imports = [...product, ...simulator].flatMap((file) => importsIn(file, textOf(file)));

const isOurs = (path: string): boolean => /\.(ts|json)$/.test(path);
const isIn = (path: string, rooms: readonly string[]): boolean =>
  rooms.some((room) => path === room || path.startsWith(`${room}/`));
const say = ({ from, line, to }: Import, rule: string): string => `${from}:${line} imports ${to}: ${rule}`;

/** From the top down. An import may point to the same floor (inside one room) or to a lower one. */
const floors: readonly { readonly name: string; readonly rooms: readonly string[] }[] = [
  {
    name: 'entry points',
    rooms: ['workers', 'src/server.ts', 'src/cli.ts', 'src/process.ts', 'src/process-usage.ts', 'src/command-line.ts'],
  },
  { name: 'compose', rooms: ['src/compose.ts', 'src/test-hooks.ts'] },
  { name: 'admin', rooms: ['src/admin'] },
  { name: 'engine and queue', rooms: ['src/engine', 'src/queue'] },
  {
    name: 'implementations',
    rooms: ['src/target/registry.ts', 'src/source', 'src/target', 'src/store', 'src/egress', 'src/keys'],
  },
  { name: 'ports', rooms: [] },
  { name: 'core', rooms: ['src/core'] },
  { name: 'model', rooms: ['src/model'] },
];

/** What every floor above core may use: the configuration and the log. */
const shared = ['src/config.ts', 'src/config-table.ts', 'src/logger.ts'];

const isPort = (path: string): boolean =>
  path === 'src/source/source.ts' ||
  path === 'src/source/our-app.ts' ||
  path === 'src/target/target.ts' ||
  path === 'src/keys/key-encryption.ts' ||
  (/^src\/store\/[a-z-]+\.ts$/.test(path) && !ownImplementations.includes(path));

/** Small implementations that stand beside the ports as one file. */
const ownImplementations = [
  'src/store/vault.ts',
  'src/store/seal.ts',
  'src/store/key-proofs.ts',
  'src/store/ids.ts',
  'src/keys/local.ts',
];

const floorOf = (path: string): number => {
  if (isPort(path)) return floors.findIndex(({ name }) => name === 'ports');
  return floors.findIndex(({ rooms }) => isIn(path, rooms));
};

/** Each is an implementation of a port, and knows no other. */
const implementations: readonly (readonly string[])[] = [
  ['src/source/graph'],
  ['src/source/memory.ts', 'src/source/memory-directory.ts'],
  ['src/target/scim'],
  ['src/egress'],
  ['src/target/memory.ts'],
  ['src/keys/azure-key-vault.ts'],
  ['src/store/mongo'],
  ['src/store/memory'],
];
const roomOf = (path: string): string => path.split('/').slice(0, 2).join('/');
const implementationOf = (path: string) => implementations.find((rooms) => isIn(path, rooms));

/** Heavy packages, and the rooms they live in. */
const roomsOf: Readonly<Record<string, readonly string[]>> = {
  mongoose: ['src/store/mongo'],
  mongodb: ['src/store/mongo'],
  bullmq: ['src/queue', 'workers'],
  'rate-limiter-flexible': ['src/queue'],
  ioredis: ['src/queue', 'workers', 'src/compose.ts'],
  express: ['src/admin/api'],
  helmet: ['src/admin/api'],
  '@bull-board/api': ['src/admin/api'],
  '@bull-board/express': ['src/admin/api'],
  '@asteasolutions/zod-to-openapi': ['src/admin/api'],
  'prom-client': ['src/admin/metrics.ts'],
  'openid-client': ['src/admin/oidc.ts'],
  pino: ['src/logger.ts'],
  undici: ['src/egress', 'src/source/graph'],
  'ipaddr.js': ['src/egress'],
  standardwebhooks: ['src/egress'],
  '@azure/identity': ['src/source/graph', 'src/keys/azure-key-vault.ts'],
  '@azure/keyvault-keys': ['src/keys/azure-key-vault.ts'],
  '@microsoft/microsoft-graph-client': ['src/source/graph'],
};

describe('an import', () => {
  const among = (all: readonly Import[], breaks: (one: Import) => string | null): readonly string[] =>
    all.flatMap((one) => {
      const rule = breaks(one);
      return rule === null ? [] : [say(one, rule)];
    });
  const ofProduct = imports.filter(({ from }) => isIn(from, ['src', 'workers']));

  it('points down', () => {
    const broken = among(ofProduct, ({ from, to }) => {
      if (!isOurs(to) || !isIn(to, ['src', 'workers'])) return null;
      if (shared.includes(to)) return isIn(from, ['src/core', 'src/model']) ? 'core and model know no world' : null;
      if (shared.includes(from)) return isIn(to, ['src/model']) ? null : 'what everybody uses stands on model alone';
      const [above, below] = [floorOf(from), floorOf(to)];
      if (above === -1 || above <= below) return null;
      return `${floors[above]?.name} may not know ${floors[below]?.name ?? 'this file'}`;
    });
    expect(broken).toEqual([]);
  });

  it('stands in a file of a room that the architecture knows', () => {
    expect(product.filter((file) => floorOf(file) === -1 && !shared.includes(file))).toEqual([]);
  });

  it('of the engine does not reach into the queue, nor of the queue into the engine', () => {
    const broken = among(ofProduct, ({ from, to }) =>
      (isIn(from, ['src/engine']) && isIn(to, ['src/queue'])) || (isIn(from, ['src/queue']) && isIn(to, ['src/engine']))
        ? 'the engine and the queue are strung together by workers and compose alone'
        : null,
    );
    expect(broken).toEqual([]);
  });

  it('of an implementation stays inside it, its port, core and model', () => {
    const broken = among(ofProduct, ({ from, to }) => {
      const own = implementationOf(from);
      if (own === undefined || !isOurs(to) || isIn(to, own)) return null;
      const isOwn = (isPort(to) || ownImplementations.includes(to)) && roomOf(to) === roomOf(from);
      return isOwn || isIn(to, ['src/core', 'src/model'])
        ? null
        : 'an implementation knows its own port, core and model, and no other implementation';
    });
    expect(broken).toEqual([]);
  });

  it('of an implementation stands in compose.ts or registry.ts alone', () => {
    const broken = among(ofProduct, ({ from, to }) =>
      implementationOf(to) === undefined ||
      implementationOf(from) === implementationOf(to) ||
      ['src/compose.ts', 'src/target/registry.ts'].includes(from)
        ? null
        : 'only compose.ts and registry.ts know implementations; everybody else knows ports',
    );
    expect(broken).toEqual([]);
  });

  it('of a package never stands in core or model: they know no clock, no chance and no world', () => {
    const broken = among(ofProduct, ({ from, to }) =>
      isIn(from, ['src/core', 'src/model']) && !isOurs(to) ? 'core and model import no package' : null,
    );
    expect(broken).toEqual([]);
  });

  it('of a heavy package stands in the one room it has', () => {
    const broken = among(ofProduct, ({ from, to }) => {
      const rooms = Object.hasOwn(roomsOf, to) ? roomsOf[to] : undefined;
      return rooms === undefined || isIn(from, rooms) ? null : `${to} lives in ${rooms.join(', ')}`;
    });
    expect(broken).toEqual([]);
  });

  it('never crosses between the product and the simulator, its scripts and its tests', () => {
    const broken = among(imports, ({ from, to }) => {
      if (!isOurs(to)) return null;
      if (isIn(from, ['simulator']))
        return isIn(to, ['simulator'])
          ? null
          : 'the simulator is a program of its own that imports nothing of the product';
      return isIn(to, ['simulator', 'scripts', 'test', 'bench'])
        ? 'the product does not know its simulator, scripts and tests'
        : null;
    });
    expect(broken).toEqual([]);
  });

  it('never closes a ring', () => {
    const next = Map.groupBy(
      imports.filter(({ to }) => isOurs(to)),
      ({ from }) => from,
    );
    const rings = new Set<string>();
    const done = new Set<string>();
    const walk = (file: string, way: readonly string[]): void => {
      if (way.includes(file)) rings.add([...way.slice(way.indexOf(file)), file].join(' → '));
      if (done.has(file) || way.includes(file)) return;
      for (const { to } of next.get(file) ?? []) walk(to, [...way, file]);
      done.add(file);
    };
    for (const file of next.keys()) walk(file, []);
    expect([...rings]).toEqual([]);
  });
});

describe('a file', () => {
  const lines = (files: readonly string[], pattern: RegExp, rule: string): readonly string[] =>
    files.flatMap((file) =>
      withoutComments(textOf(file))
        .split('\n')
        .flatMap((line, nth) => (pattern.test(line) ? [`${file}:${nth + 1}: ${rule}`] : [])),
    );

  it('has no default export: a thing has one name everywhere', () => {
    expect(lines([...product, ...simulator], /^\s*export\s+default\b|\bas default\b/, 'no default exports')).toEqual(
      [],
    );
  });

  it('passes on everything of another only as the index of a folder', () => {
    const files = [...product, ...simulator].filter((file) => !file.endsWith('/index.ts'));
    expect(lines(files, /^\s*export\s*\*/, 'no `export *` but in a folder’s index.ts')).toEqual([]);
  });

  it('of core and model asks nobody for the time, chance or the environment', () => {
    const pure = product.filter((file) => isIn(file, ['src/core', 'src/model']));
    const impure = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bprocess\.|\bawait\b|\bconsole\.|\bfetch\(/;
    expect(lines(pure, impure, 'core and model are pure')).toEqual([]);
  });

  it('concludes that a read was complete only where its pages are followed to the end', () => {
    const only = (pattern: RegExp, files: readonly string[]): readonly string[] =>
      lines(
        product.filter((file) => !files.includes(file)),
        pattern,
        'only whoever follows its pages sees that a read or a list is complete',
      );
    const pager = 'src/source/graph/pages.ts';
    expect(
      only(/\bcompleted\(|\bcompleted\b.* from '/, ['src/source/source.ts', 'src/source/memory.ts', pager]),
    ).toEqual([]);
    const adapters = ['src/target/target.ts', 'src/target/memory.ts', 'src/target/scim/inventory.ts'];
    expect(only(/\bcompleteList\(|\bcompleteList\b.* from '/, adapters)).toEqual([]);
    // Where a chain stands is kept in the place of a read; only there an end comes from anything but a last page.
    expect(only(/\b(Delta)?ChainPlace\b/, [pager, 'src/source/graph/places.ts'])).toEqual([]);
    const reads = ['full', 'delta', 'scoped'].map((name) => `src/source/graph/${name}.ts`);
    // The connection also has a proof of who we are.
    const others = ['src/source/graph/connected.ts'];
    expect(only(/\bproofOf(Asked)?\b/, [pager, ...reads, ...others])).toEqual([]);
    expect(only(/\bstillGranted\b/, ['src/source/graph/granted.ts', ...reads])).toEqual([]);
    expect(
      only(/\bas (Complete|Ended|ListEnd|DeltaEnd|AllAsked|StillGranted)\b|\bas (unknown as|never)\b/, []),
    ).toEqual([]);
  });

  it('reveals a secret only where it goes onto the wire, is sealed, or is looked at to say whether it is well-formed', () => {
    const revealers: Readonly<Record<string, string>> = {
      'src/source/graph/credentials.ts': 'signs in, and names a secret of the application by its first characters',
      'src/source/graph/client-assertion.ts': 'signs by a certificate, and reads when it ends',
      'src/source/graph/our-app.ts': 'signs in as our own application',
      'src/target/scim/client.ts': 'the Authorization header, and what a target says of it',
      'src/target/target.ts': 'what somebody gave is well-formed',
      'src/egress/sign.ts': 'signs a webhook',
      'src/admin/oidc.ts': 'signs in at the identity provider',
      'src/admin/open-pfx.ts': 'the password of a file, for the thread that opens it',
      'src/admin/given-credentials.ts': 'a certificate is well-formed',
      'src/admin/api/auth.ts': 'compares a key with the digest of one that is configured',
      'src/store/vault.ts': 'seals',
      'src/compose.ts': 'connects to MongoDB and Redis, and gives vault and proofs their keys',
      'src/model/secret.ts': 'the type itself',
    };
    const found = product.filter((file) => /\breveal\b/.test(withoutComments(textOf(file))));
    expect(found.toSorted()).toEqual(Object.keys(revealers).toSorted());
  });

  it('compares what proves somebody in one place, in constant time', () => {
    const place = 'src/store/is-same.ts';
    const others = product.filter((file) => file !== place);
    expect(lines(others, /\btimingSafeEqual\b|\.equals\(|\bBuffer\.compare\(/, 'isSame compares')).toEqual([]);
    expect(textOf(place)).toContain('timingSafeEqual(left, right)');
    /** What is compared otherwise, and is no proof that somebody brings. */
    const named: Readonly<Record<string, string>> = {
      'src/admin/plans.ts': 'the hash of a plan, which everybody sees who sees the plan',
      'src/engine/begin-plan.ts': 'the same',
      'src/engine/make-plan.ts': 'the same',
      'src/engine/renew-secrets.ts': 'how many secrets there are',
      'src/source/graph/our-app.ts': 'the nonce in a token that the login service itself handed over',
      'src/store/audit-chain.ts': 'hashes of the audit log, which everybody sees who sees the log',
      'src/store/memory/connection-store.ts': 'the settings of a target',
      'src/store/memory/snapshot-store.ts': 'what a draft reads',
      'src/store/mongo/api-keys.ts': 'a proof that we made and wrote a moment ago',
      'src/store/mongo/names.ts': 'hashes of names',
      'src/store/mongo/roster.ts': 'digests of people, as a read shows them',
      'src/store/mongo/snapshot-store.ts': 'what a draft reads',
      'src/store/mongo/stage-members.ts': 'hashes of members',
      'src/target/scim/inventory.ts': 'digests of pages',
    };
    const found = product.filter((file) => comparesProof(withoutComments(textOf(file))));
    expect(found.toSorted()).toEqual(Object.keys(named).toSorted());
    const seen = ['if (digest === found.digest) {', 'kept?.proof !== macOf(key, what)', 'a && tokenOf(b) === c.token'];
    expect(seen.filter((line) => !comparesProof(line))).toEqual([]);
    const passed = ['if (token === undefined) {', "proof.kind !== 'certificate'", 'first === second'];
    expect(passed.filter(comparesProof)).toEqual([]);
  });

  it('takes something away only where the source was asked, or what is on record is taken back', () => {
    const makers = ['src/engine/grounds.ts', 'src/engine/confirm-removals.ts', 'src/engine/undo.ts'];
    const made = /\b(confirmedGrounds|recordGrounds)\b/;
    const others = product.filter((file) => !makers.includes(file));
    expect(lines(others, made, 'only whoever asked, or knows the record, makes grounds')).toEqual([]);
    const engine = product.filter((file) => isIn(file, ['src/engine']) && file !== 'src/engine/carry-out.ts');
    expect(lines(engine, /\.apply\(/, 'there is one door to a target')).toEqual([]);
  });

  it('behind the doors knows no store but within a reach', () => {
    const admin = product.filter((file) => isIn(file, ['src/admin']));
    // The last two count for the metrics, and take nothing from anybody.
    const makers = ['house', 'stores-within', 'engine-within', 'lag', 'credentials-ending'];
    const others = admin.filter((file) => !makers.some((maker) => file === `src/admin/${maker}.ts`));
    const whole =
      /\b(Stores|(Connection|Target|Run|Plan|Snapshot|Discrepancy|Event|Webhook|Delivery|Subscription|SetupLink|Consent|Session|ApiKey|Call)Store|SnapshotReads|Ledger|Leases|SealedSecrets|AuditLog)\b/;
    expect(lines(others, whole, 'commands are given the stores within the reach of whoever calls')).toEqual([]);
    const inside = others.filter((file) => file !== 'src/admin/commands.ts');
    expect(lines(inside, /\b(House|hallOf|roomWithin|storesWithin)\b/, 'rooms are made by commands.ts')).toEqual([]);
  });

  it('of engine, queue and workers lets nobody in: of keys, sessions, links and the audit log it takes away what is over', () => {
    const work = product.filter((file) => isIn(file, ['src/engine', 'src/queue', 'workers']));
    const stores = 'apiKeys|audit|consents|sessions|setupLinks';
    const other = new RegExp(`\\bstores\\.(${stores}|calls)\\.(?!(prune|scan)\\()|[{,] *(${stores}) *[,}]`);
    expect(lines(work, other, 'the accounts of workers have no right to it (docs/operating.md)')).toEqual([]);
  });

  it('says how far somebody reaches only where it is known who they are', () => {
    // The first key is made by the server itself, before there is anybody to call.
    const places = ['src/core/access.ts', 'src/admin/api/serve.ts', 'src/admin/house.ts', 'src/admin/first-key.ts'];
    // Of a memory source, whom a scope reaches.
    const others = product.filter((file) => !places.includes(file) && !isIn(file, ['src/source']));
    expect(lines(others, /\breachOf\b/, 'a reach is made at the door')).toEqual([]);
    const makers = product.filter((file) => file !== 'src/core/access.ts');
    expect(lines(makers, /\bas (Reach|FullReach|Reached|Within)\b/, 'nobody vouches for a reach')).toEqual([]);
  });

  it('calls nobody but by the egress, where somebody entered the address, and by the source of Graph, whose addresses the deployment knows', () => {
    // The door listens, looks where calls come from, and calls nobody.
    const rooms = ['src/egress', 'src/source/graph', 'src/admin/api/listen.ts', 'src/admin/api/client-network.ts'];
    const others = product.filter((file) => !isIn(file, rooms));
    const own = /(?<![.\w])fetch\(|node:(https?|http2|net|tls|dgram|dns)\b/;
    expect(lines(others, own, 'only the egress looks whether an address may be called')).toEqual([]);
  });

  it('asks the database by plain commands: nothing that is sent becomes code, a pipeline, or everything', () => {
    const store = product.filter((file) => isIn(file, ['src/store/mongo']));
    const code = /\.aggregate\(|\$(where|expr|function|accumulator|jsonSchema)\b|mapReduce/;
    expect(lines(store, code, 'no pipeline and no code is made of what somebody sent')).toEqual([]);
    expect(lines(store, /\.(deleteMany|updateMany)\(\s*\{\s*\}/, 'never everything at once')).toEqual([]);
    // A misspelt field of a filter would be left out, and the filter match everybody: there every schema throws instead.
    const makers = ['src/store/mongo/sealed-records.ts'];
    const others = store.filter((file) => !makers.includes(file));
    expect(lines(others, /\bmongoose\.Schema\b/, 'schemas are made in one place')).toEqual([]);
    // Operators in filters of mongoose are those that we put there ourselves.
    const vouching = lines(store, /\bmongoose\.trusted\(/, 'vouches').map((line) => line.split(':')[0]);
    expect([...new Set(vouching)].toSorted()).toEqual(['src/store/mongo/connections.ts', ...makers]);
    for (const file of [...makers, 'src/store/mongo/connect.ts']) {
      expect(textOf(file), file).toContain("strictQuery: 'throw'");
      expect(textOf(file), file).toContain('sanitizeFilter: true');
    }
  });

  it('is written in erasable TypeScript with kebab-case names', () => {
    const odd = [...product, ...simulator].filter((file) => !/^[a-z0-9./-]+$/.test(file));
    expect(odd).toEqual([]);
    expect(
      lines([...product, ...simulator], /^\s*(export\s+)?(const\s+)?enum\b|^\s*(export\s+)?namespace\b/, 'no enums'),
    ).toEqual([]);
  });
});

/** Two values side by side of which one is called like a proof; not one and a word that stands there. */
const comparesProof = (code: string): boolean =>
  [...code.matchAll(/([\w.?]+(?:\([^()]*\))?[\w.?]*) [!=]== ([\w.?]+(?:\([^()]*\))?[\w.?]*)/g)].some(
    ([, left = '', right = '']) =>
      !/^(null|undefined|true|false|\d+)$/.test(right) &&
      [left, right].some((side) =>
        /digest|\bmac(Of)?\b|proof|token|secret|verifier|challenge|csrf|nonce|signature|clientState|presented|hash/i.test(
          side,
        ),
      ),
  );

describe('the reader of imports itself', () => {
  it('sees every form, on the right line, and nothing in comments', () => {
    const text = [
      "/** import { a } from './comment.ts'; */",
      "import type { A } from './a.ts';",
      'import {',
      '  b,',
      "} from '../core/b.ts';",
      "import './effect.ts';",
      "export { c } from './c.ts';",
      "export * from './d.ts'; // import './no.ts'",
      "const e = await import('bullmq/dist/e.js');",
      "import x from '@azure/identity/y';",
      "import { readFile } from 'node:fs/promises';",
      "export const text = 'from nowhere';",
    ].join('\n');
    expect(importsIn('src/engine/one.ts', text).map(({ line, to }) => [line, to])).toEqual([
      [2, 'src/engine/a.ts'],
      [5, 'src/core/b.ts'],
      [7, 'src/engine/c.ts'],
      [8, 'src/engine/d.ts'],
      [10, '@azure/identity'],
      [11, 'node:'],
      [6, 'src/engine/effect.ts'],
      [9, 'bullmq'],
    ]);
  });

  it('finds the imports there are', () => {
    expect(imports.length).toBeGreaterThan(500);
    expect(imports).toContainEqual(expect.objectContaining({ from: 'src/compose.ts', to: 'ioredis' }));
    for (const { from, to } of imports)
      if (to.endsWith('.ts')) expect([from, [...product, ...simulator].includes(to)]).toEqual([from, true]);
  });
});
