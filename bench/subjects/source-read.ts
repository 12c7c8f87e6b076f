/** Our source connector as a sync run reads it, folded against an empty snapshot: everything but the store. */

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { fold } from '../../src/core/fold.ts';
import { defaultAttributes } from '../../src/model/connection.ts';
import { everyone } from '../../src/model/scope.ts';
import { secret } from '../../src/model/secret.ts';
import { silent } from '../../src/model/world.ts';
import { graphSource, trustCa } from '../../src/source/graph/index.ts';
import type { Handlers } from '../actor.ts';
import { type Figures, measured } from '../figures.ts';
import { attributesOf, type Place, place } from './access.ts';

const ask = place.extend({ managers: z.boolean() });

export const sourceRead: Handlers = {
  sourceRead: async (given) => {
    const what = ask.parse(given);
    return await measured(() => readAndFold(what, what.managers));
  },
};

const readAndFold = async ({ origin, caFile, tenant }: Place, managers: boolean): Promise<Figures> => {
  trust(caFile);
  const source = graphSource({
    connection: {
      tenantId: tenant.tenantId,
      cloud: 'custom',
      credentials: { kind: 'client_secret', clientId: tenant.clientId },
    },
    proof: { kind: 'client_secret', secret: secret(tenant.clientSecret) },
    clouds: { custom: { loginUrl: origin, graphUrl: origin } },
    world,
  });
  const user = managers ? defaultAttributes.user : attributesOf(defaultAttributes.user);
  const wanted = {
    scope: everyone,
    attributes: { user, group: defaultAttributes.group },
    read: { mode: 'full' },
    resume: null,
    watermark: true,
    known: {
      absent: async () => new Map<never, never>(),
      groupsOf: async () => new Map<never, never>(),
      unchanged: async () => new Set<never>(),
      withManager: async () => new Set<never>(),
      members: async function* () {},
    },
  } as const;
  let objects = 0;
  for await (const page of source.read(wanted, new AbortController().signal))
    if (page.type === 'page') objects += fold(new Map(), page.messages, wanted.attributes).objects.length;
  return { objects };
};

const world = {
  now: () => new Date(),
  stopwatch: () => {
    const from = performance.now();
    return () => performance.now() - from;
  },
  random: Math.random,
  sleep: async (ms: number, signal: AbortSignal) => {
    await sleep(ms, undefined, { signal });
  },
  log: silent,
};

const trusted = new Set<string>();
const trust = (caFile: string): void => {
  if (!trusted.has(caFile)) trustCa(readFileSync(caFile, 'utf8'));
  trusted.add(caFile);
};
