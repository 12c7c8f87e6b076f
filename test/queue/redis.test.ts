import { expect, it } from 'vitest';
import { wayToRedis } from '../../src/queue/redis.ts';

it.each([
  ['redis://127.0.0.1:6379', ['127.0.0.1'], 'none'],
  ['redis://:word@redis:6379/2', ['redis'], 'none'],
  ['redis://user:p%40ss@10.0.0.4', ['10.0.0.4'], 'none'],
  ['redis://[::1]:6379', ['::1'], 'none'],
  ['redis://[fd00::7]', ['fd00::7'], 'none'],
  ['redis://', ['localhost'], 'none'],
  ['redis://?host=redis.example.net', ['redis.example.net'], 'none'],
  ['redis://redis?path=/run/redis.sock', [], 'none'],
  ['rediss://:word@redis.example.net:6380', ['redis.example.net'], 'proved'],
  // What stands in the query wins over the scheme: an empty `tls` turns it off.
  ['rediss://redis.example.net:6380?tls=', ['redis.example.net'], 'none'],
] as const)('the way to Redis by %s is that of the client', async (url, hosts, tls) => {
  expect(await wayToRedis(url)).toEqual({ server: 'Redis', hosts, tls });
});
