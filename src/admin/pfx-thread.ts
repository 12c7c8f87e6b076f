/** Opens one PFX file, and ends: the thread of open-pfx.ts. */

import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { PfxRefused, pemOfPfx } from './pfx.ts';

const Asked = z.object({ file: z.instanceof(Uint8Array), password: z.string() });
export type Opened = { readonly pem: string } | { readonly refused: string };

const opened = (): Opened => {
  const { file, password } = Asked.parse(workerData);
  try {
    return { pem: pemOfPfx(file, password) };
  } catch (error) {
    if (!(error instanceof PfxRefused)) throw error;
    return { refused: error.message };
  }
};

parentPort?.postMessage(opened());
