// A corner of the shared servers for one test alone. Only integration tests have servers.

import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';

/** A database nobody else uses, and the address to connect to it with. */
export function freshDatabase(): { name: string; uri: string } {
  const name = fresh();
  const uri = inject('mongoUri').replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*/, `$1/${name}`);
  return { name, uri };
}

/** A key prefix nobody else uses, and the address of its Redis. */
export function freshPrefix(): { prefix: string; url: string } {
  return { prefix: fresh(), url: inject('redisUrl') };
}

function fresh(): string {
  return `${inject('namespace')}_${randomUUID().slice(0, 8)}`; // MongoDB allows a database name 63 bytes
}
