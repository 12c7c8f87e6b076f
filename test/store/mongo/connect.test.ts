import { describe, expect, it } from 'vitest';
import { replicaHosts, wayToMongo } from '../../../src/store/mongo/connect.ts';

describe('the way to MongoDB', () => {
  it.each([
    ['mongodb://127.0.0.1/x', ['127.0.0.1'], 'none'],
    ['mongodb://u:p%40ss@db1:27018,db2/x?replicaSet=rs0', ['db1', 'db2'], 'none'],
    ['mongodb://%2Ftmp%2Fx%2Fmongodb.sock/?directConnection=true', [], 'none'],
    ['mongodb://[::1]:27017,[fd00::7]/x', ['::1', 'fd00::7'], 'none'],
    ['mongodb://DB.example.net/x?tls=true', ['db.example.net'], 'proved'],
    ['mongodb://db.example.net/x?SSL=true', ['db.example.net'], 'proved'],
    ['mongodb://db.example.net/x?tls=true&tlsCAFile=/etc/ca.pem', ['db.example.net'], 'proved'],
    ['mongodb://db.example.net/x?tlsCAFile=/etc/ca.pem', ['db.example.net'], 'none'],
    ['mongodb://db.example.net/x?tls=true&tlsInsecure=true', ['db.example.net'], 'unproved'],
    ['mongodb://db.example.net/x?tls=true&tlsAllowInvalidCertificates=true', ['db.example.net'], 'unproved'],
    ['mongodb://db.example.net/x?tls=true&tlsAllowInvalidHostnames=true', ['db.example.net'], 'unproved'],
    ['mongodb://db.example.net/x?tls=true&tlsInsecure=false', ['db.example.net'], 'proved'],
    ['mongodb://127.0.0.1/x?proxyHost=proxy.example.net', ['127.0.0.1', 'proxy.example.net'], 'none'],
    ['mongodb+srv://u:p@cluster.example.net/x', ['cluster.example.net'], 'proved'],
    ['mongodb+srv://cluster.example.net/x?tls=false', ['cluster.example.net'], 'none'],
    ['mongodb+srv://cluster.example.net/x?ssl=false', ['cluster.example.net'], 'none'],
  ] as const)('by %s is that of the driver', async (uri, hosts, tls) => {
    expect(await wayToMongo(uri)).toEqual({ server: 'MongoDB', hosts, tls });
  });

  it('is none by what the driver takes for no address', async () => {
    await expect(wayToMongo('mongodb://u:p/ss@db1/x')).rejects.toThrow();
    await expect(wayToMongo('mongodb://db1:99999/x')).rejects.toThrow();
  });
});

describe('the members of a replica set', () => {
  const asked = (directConnection: boolean, hello: object) =>
    replicaHosts({
      connection: { getClient: () => ({ options: { directConnection } }) },
      db: { command: async () => hello },
    });

  it('are where it says, and the driver goes there unless it is told to stay', async () => {
    const hello = { hosts: ['db1:27017', '[fd00::7]:27018'], passives: ['db3:27017'], arbiters: ['db4:27017'] };
    expect(await asked(false, hello)).toEqual(['db1', 'fd00::7', 'db3']);
    expect(await asked(true, hello)).toEqual([]);
    expect(await asked(false, { ok: 1 })).toEqual([]);
  });
});
