/**
 * Opens PFX files beside everything else. To derive their keys takes up to seconds, and the older way of doing so is one that Node has no asynchronous call
 * for: in this thread nobody else would be answered meanwhile.
 */

import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import { z } from 'zod';
import { type Secret, secret } from '../model/secret.ts';
import { PfxRefused } from './pfx.ts';

/** A file with its password. */
export type Pfx = { readonly file: Uint8Array; readonly password: Secret };

/** Beyond these, files wait their turn, and beyond that they are refused. */
const atOnce = pLimit(2);
const mostWaiting = 20;
/** What a slow machine takes for as many rounds as a file may ask for, and some more. */
const deadlineMs = 20_000;
const mostMegabytes = 64;

/** PEM: certificate and key. Throws `PfxRefused`. */
export const openPfx = async (pfx: Pfx): Promise<Secret> => {
  if (atOnce.pendingCount >= mostWaiting)
    throw new PfxRefused('waits behind too many others; send it again in a while');
  return await atOnce(() => inThread(pfx));
};

const Opened = z.union([z.object({ pem: z.string() }), z.object({ refused: z.string() })]);

const inThread = async ({ file, password }: Pfx): Promise<Secret> => {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const thread = new Worker(new URL('./pfx-thread.ts', import.meta.url), {
    workerData: { file, password: password.reveal() },
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
  });
  const late = setTimeout(
    () => reject(new PfxRefused('takes too long to open; give the certificate as PEM')),
    deadlineMs,
  );
  thread.once('message', resolve);
  thread.once('error', reject);
  thread.once('exit', () => reject(new Error('The thread that opens PFX files ended without a word.')));
  try {
    const opened = Opened.parse(await promise);
    if ('refused' in opened) throw new PfxRefused(opened.refused);
    return secret(opened.pem);
  } finally {
    clearTimeout(late);
    await thread.terminate();
  }
};
