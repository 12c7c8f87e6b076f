/** A receiver of webhooks: it takes what is sent, and says when it has heard enough. */

import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

const message = z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) });
export type Heard = z.output<typeof message> & {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
};

export const startHearing = async () => {
  const heard: Heard[] = [];
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    heard.push({ ...message.parse(JSON.parse(body)), body, headers });
    response.writeHead(204).end();
    for (const look of waiting) look();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/hooks`,
    heard,
    /** Resolves when all that was heard is enough. */
    until: (isEnough: (heard: readonly Heard[]) => boolean): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!isEnough(heard)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    close: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
