/** Serves an application over HTTP until it is told to stop. */

import { createServer } from 'node:http';
import type { Express } from 'express';

/** Rejects when the address is taken. Resolves with what stops it: no new requests, those under way are answered. */
export const listen = async (app: Express, at: { host: string; port: number }): Promise<() => Promise<void>> => {
  const server = createServer(app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, resolve);
  });
  return () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
};
