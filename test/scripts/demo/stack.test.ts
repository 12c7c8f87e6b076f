import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { startStack } from '../../../scripts/demo/stack.ts';

it.each([
  ['another Entrain', 200],
  ['another program', 404],
])('says that the port is taken by %s, before anything is started', async (who, status) => {
  const server = createServer((_request, response) => response.writeHead(status).end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const services = { mongoUri: 'mongodb://127.0.0.1:1/', redisUrl: 'redis://127.0.0.1:1' };
  const cloud = { origin: 'https://localhost:1', caPem: '' };
  await expect(startStack({ services, name: 'taken', cloud, port })).rejects.toThrow(
    `Port ${port} is taken by ${who}. Choose another with --port.`,
  );
  server.closeAllConnections();
  server.close();
});
