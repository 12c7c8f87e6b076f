/** Entrain as a worker runs it: composed from the same configuration, one turn after the other, without the queue between them. */

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { plainHosts } from '../../scripts/services/plain-hosts.ts';
import { compose, type Parts } from '../../src/compose.ts';
import { parseConfig } from '../../src/config.ts';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { syncTurn } from '../../src/engine/sync-run.ts';
import type { Turn } from '../../src/engine/turn.ts';
import { defaultAttributes } from '../../src/model/connection.ts';
import { connectionId, organizationId, targetId } from '../../src/model/ids.ts';
import type { Run } from '../../src/model/run.ts';
import { secret } from '../../src/model/secret.ts';
import type { Handlers } from '../actor.ts';
import { type Figures, measured } from '../figures.ts';
import { profiled } from '../profiler.ts';
import { attributesOf, place } from './access.ts';
import { asOperator } from './as-operator.ts';
import { queueCost } from './queue-cost.ts';
import { countWrites } from './written.ts';

const open = z.object({
  mongoUri: z.string(),
  redisUrl: z.string(),
  prefix: z.string(),
  origin: z.string(),
  caFile: z.string(),
  key: z.string(),
});
const connect = place.extend({ managers: z.boolean() });
const sync = z.object({ connection: z.string(), mode: z.enum(['full', 'delta']), profile: z.boolean().default(false) });
const addTarget = z.object({ connection: z.string(), baseUrl: z.string(), token: z.string(), concurrency: z.number() });
const provision = z.object({ target: z.string(), profile: z.boolean().default(false) });

type Opened = { readonly parts: Parts; readonly written: () => Figures };
let opened: Opened | null = null;
const running = (): Opened => {
  if (opened === null) throw new Error('Entrain was not opened.');
  return opened;
};

export const entrain: Handlers = {
  ...queueCost(running),
  open: async (given) => {
    const ask = open.parse(given);
    await opened?.parts.close();
    const parts = await compose(parseConfig(await environmentOf(ask)), 'worker');
    opened = { parts, written: countWrites(parts.mongo.connection.getClient()) };
  },
  close: async () => {
    await opened?.parts.close();
    opened = null;
  },
  connect: async (given) => {
    const { tenant, managers } = connect.parse(given);
    const commands = asOperator(running().parts);
    const user = managers ? defaultAttributes.user : attributesOf(defaultAttributes.user);
    const connection = await commands.addConnection({
      organization: organizationId('bench'),
      name: 'Bench',
      cloud: 'custom',
      ...tenant,
      clientSecret: secret(tenant.clientSecret),
      attributes: { user },
      timeoutSecs: 7_200,
    });
    return connection.id;
  },
  sync: async (given) => {
    const { connection, mode, profile } = sync.parse(given);
    const { parts, written } = running();
    const id = connectionId(connection);
    const { run } = await asOperator(parts).requestSync(id, { mode, scope: null, dryRun: false });
    const before = written();
    const work = () => untilDone((signal) => syncTurn(parts.engine, id, signal));
    const took = await measured(profile ? () => profiled(work) : work);
    return { ...took, ...difference(written(), before), ...countsOf(await ended(parts, run)) };
  },
  addTarget: async (given) => {
    const { connection, baseUrl, token, concurrency } = addTarget.parse(given);
    const commands = asOperator(running().parts);
    const target = await commands.addTarget(connectionId(connection), {
      kind: 'scim',
      name: 'Sink',
      settings: { base_url: baseUrl, token, allow_http: true, concurrency },
      // Nobody is there to look at a plan.
      autoApproveFirst: true,
    });
    return target.id;
  },
  removeTarget: async (given) => {
    await asOperator(running().parts).removeTarget(targetId(z.string().parse(given)));
  },
  provision: async (given) => {
    const { target, profile } = provision.parse(given);
    const { parts, written } = running();
    const id = targetId(target);
    const { run } = await asOperator(parts).requestProvision(id, { full: true, dryRun: false });
    const before = written();
    const work = () => untilDone((signal) => provisionTurn(parts.engine, id, signal));
    const took = await measured(profile ? () => profiled(work) : work);
    return { ...took, ...difference(written(), before), ...countsOf(await ended(parts, run)) };
  },
};

const environmentOf = async (ask: z.infer<typeof open>): Promise<Readonly<Record<string, string>>> => ({
  MONGODB_URI: ask.mongoUri,
  REDIS_URL: ask.redisUrl,
  ENTRAIN_PLAIN_HOSTS: await plainHosts(ask),
  ENTRAIN_QUEUE_PREFIX: ask.prefix,
  ENTRAIN_ENCRYPTION_KEY: ask.key,
  ENTRAIN_LOG_LEVEL: 'silent',
  ENTRAIN_CUSTOM_CLOUD_LOGIN_URL: ask.origin,
  ENTRAIN_CUSTOM_CLOUD_GRAPH_URL: ask.origin,
  ENTRAIN_CUSTOM_CLOUD_CA_FILE: ask.caFile,
  ENTRAIN_EGRESS_ALLOW: 'http://127.0.0.1',
});

/** Turn after turn, as the queue would give them when nobody else waits. */
const untilDone = async (turn: (signal: AbortSignal) => Promise<Turn>): Promise<Figures> => {
  const { signal } = new AbortController();
  let turns = 0;
  for (;;) {
    const next = await turn(signal);
    turns += 1;
    if (next.next === 'done') return { turns };
    const waitMs = next.at.getTime() - Date.now();
    if (waitMs > 0) await sleep(waitMs);
  }
};

const ended = async ({ engine }: Parts, { id }: Run): Promise<Run> => {
  const run = await engine.stores.runs.get(id);
  if (run?.state !== 'succeeded')
    throw new Error(`The run ended ${run?.state}: ${run?.problem?.message} ${JSON.stringify(run?.counters)}`);
  return run;
};

const countsOf = ({ counters: { read, created, updated, unchanged, membersAdded } }: Run): Figures => ({
  read,
  created,
  updated,
  unchanged,
  membersAdded,
});

const difference = (after: Figures, before: Figures): Figures =>
  Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]));
