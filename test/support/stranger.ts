/** A server whose certificate is of an authority that nobody trusts. What reaches it is counted; nothing should. */

import { once } from 'node:events';
import { createServer } from 'node:https';
import { z } from 'zod';
import { localAuthority } from '../../simulator/tls.ts';

export type Stranger = {
  readonly origin: string;
  /** Handshakes that somebody began with it: where there is none, nobody came as far as its certificate. */
  readonly handshakes: () => number;
  readonly requests: () => number;
  readonly close: () => Promise<void>;
};

export const startStranger = async (): Promise<Stranger> => {
  const { certPem, keyPem } = await localAuthority();
  let [handshakes, requests] = [0, 0];
  const server = createServer({ cert: certPem, key: keyPem }, (_request, response) => {
    requests += 1;
    response.end('{}');
  });
  server.on('connection', () => {
    handshakes += 1;
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    origin: `https://127.0.0.1:${port}`,
    handshakes: () => handshakes,
    requests: () => requests,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};
