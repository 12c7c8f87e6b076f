// A whole Entrain on this machine: API and workers as processes of their own, beside a simulated tenant and a simulated target.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Child, freePort, startChild } from '../services/child.ts';
import { plainHosts } from '../services/plain-hosts.ts';
import { throwawayFolder } from '../services/throwaway-folder.ts';
import { cacheFolder, type Services } from '../services.ts';
import { type ApiClient, apiClient, type Send } from './client.ts';

export type StackOptions = {
  readonly services: Pick<Services, 'mongoUri' | 'redisUrl'>;
  /** Keeps stacks on the same servers apart. */
  readonly name: string;
  /** A simulated cloud: the origin of login and Graph, and the CA that signed its certificate. */
  readonly cloud: { readonly origin: string; readonly caPem: string };
  readonly port?: number;
  /** One environment per worker process; one process with every role unless given. */
  readonly workers?: readonly Readonly<Record<string, string>>[];
  /** Where API and workers reach the servers, in place of their own addresses, so that each goes by an account of its own. */
  readonly through?: {
    readonly mongoUri: { readonly api: string; readonly worker: string };
    readonly redisUrl: string;
  };
  /** On top of the environment of every process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Hears all that the processes say. */
  readonly heard?: (text: string) => void;
  /** How the API is called; by `fetch` unless given. */
  readonly send?: Send;
};

export type Stack = {
  readonly apiUrl: string;
  readonly apiKey: string;
  /** The certificate of the simulated cloud; it goes with the stack. */
  readonly caFile: string;
  readonly api: ApiClient;
  /** The environment our processes run with, for starting another worker. */
  readonly env: Readonly<Record<string, string>>;
  /** The API as it was started first. */
  readonly apiProcess: Child;
  /** Another one in its place, once it has ended. */
  startApi(): Promise<Child>;
  startWorker(env?: Readonly<Record<string, string>>): Promise<Child>;
  stop(): Promise<void>;
};

export const startStack = async (options: StackOptions): Promise<Stack> => {
  const port = options.port ?? (await freePort());
  await refuseTaken(port);
  const folder = await throwawayFolder('entrain-stack-');
  const caFile = join(folder.path, 'ca.pem');
  await writeFile(caFile, options.cloud.caPem);
  const apiKey = randomBytes(24).toString('hex');
  const env = {
    MONGODB_URI: databaseNamed(options.services.mongoUri, options.name),
    REDIS_URL: options.services.redisUrl,
    ENTRAIN_PLAIN_HOSTS: await plainHosts(options.services),
    ENTRAIN_QUEUE_PREFIX: `{${options.name}}`,
    ENTRAIN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    ENTRAIN_API_KEYS: `demo:${apiKey}`,
    ENTRAIN_PORT: String(port),
    ENTRAIN_HOST: '127.0.0.1',
    ENTRAIN_METRICS: 'open',
    // Whoever watches a trial asks all the time.
    ENTRAIN_KEY_CALLS_PER_MINUTE: '1000000',
    ENTRAIN_ADDRESS_CALLS_PER_MINUTE: '1000000',
    ENTRAIN_WRONG_KEYS_PER_QUARTER_HOUR: '1000000',
    ENTRAIN_CUSTOM_CLOUD_LOGIN_URL: options.cloud.origin,
    ENTRAIN_CUSTOM_CLOUD_GRAPH_URL: options.cloud.origin,
    ENTRAIN_CUSTOM_CLOUD_CA_FILE: caFile,
    ENTRAIN_EGRESS_ALLOW: 'http://127.0.0.1',
    ...options.env,
  };
  const reach = (process: 'api' | 'worker'): Readonly<Record<string, string>> =>
    options.through === undefined
      ? {}
      : {
          MONGODB_URI: databaseNamed(options.through.mongoUri[process], options.name),
          REDIS_URL: options.through.redisUrl,
        };
  /** Also those that are about to start, so that none is left behind. */
  const running: Promise<Child>[] = [];
  const stop = async (): Promise<void> => {
    const started = await Promise.allSettled(running.splice(0));
    await Promise.all(started.map((one) => (one.status === 'fulfilled' ? one.value.stop() : null)));
    await folder.remove();
  };
  const kept = (starting: Promise<Child>): Promise<Child> => {
    running.push(starting);
    return starting;
  };
  const apiUrl = `http://127.0.0.1:${port}`;
  const startApi = (): Promise<Child> =>
    kept(start({ ...env, ...reach('api') }, 'src/server.ts', () => answers(`${apiUrl}/livez`), options.heard));
  const startWorker = (more: Readonly<Record<string, string>> = {}): Promise<Child> => {
    const isReady = async (output: string): Promise<boolean> => output.includes('worker.started');
    return kept(start({ ...env, ...reach('worker'), ...more }, 'workers/main.ts', isReady, options.heard));
  };
  try {
    const apiProcess = await startApi();
    for (const worker of options.workers ?? [{}]) await startWorker(worker);
    const api = apiClient(apiUrl, apiKey, options.send);
    return { apiUrl, apiKey, caFile, api, env, apiProcess, startApi, startWorker, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** Told before anything is started, and by whom it is taken, for the API itself would only say that it cannot listen. */
const refuseTaken = async (port: number): Promise<void> => {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : null;
    if (code !== 'EADDRINUSE')
      throw new Error(`Nobody can listen on port ${port} here (${code}). Choose another with --port.`);
    const who = (await answers(`http://127.0.0.1:${port}/livez`)) ? 'another Entrain' : 'another program';
    throw new Error(`Port ${port} is taken by ${who}. Choose another with --port.`);
  }
  server.close();
  await once(server, 'close');
};

const readyWithinMs = 60_000;

/** Our processes get the variables they are given and nothing of this shell's configuration; what Node compiled for one of them serves the next. */
const start = (
  env: Readonly<Record<string, string>>,
  file: string,
  isReady: (output: string) => Promise<boolean>,
  heard: StackOptions['heard'],
): Promise<Child> =>
  startChild({
    command: [process.execPath, join(import.meta.dirname, '../..', file)],
    env: { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: join(cacheFolder(), 'compiled'), ...env },
    isReady,
    readyWithinMs,
    ...(heard === undefined ? {} : { heard }),
  });

const answers = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(5_000) })).ok;
  } catch {
    return false;
  }
};

/** The same server, another database: `mongodb://host/?x=1` becomes `mongodb://host/name?x=1`. */
const databaseNamed = (uri: string, name: string): string =>
  uri.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?(\?.*)?$/, `$1/${name}$2`);
