import { describe, expect, it } from 'vitest';
import { isDoorPlain, judgeWays, type Way } from '../../src/core/plain-ways.ts';

const mongo = (hosts: readonly string[], tls: Way['tls'] = 'none'): Way => ({ server: 'MongoDB', hosts, tls });
const redis = (hosts: readonly string[], tls: Way['tls'] = 'none'): Way => ({ server: 'Redis', hosts, tls });
const nothing = { refused: [], plain: [] };

describe('a way without TLS', () => {
  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.8.0.255', '::1'])('to %s stays on this machine', (host) => {
    expect(judgeWays([mongo([host]), redis([host])], [])).toEqual(nothing);
  });

  it('to a Unix socket does, too', () => {
    expect(judgeWays([mongo([])], [])).toEqual(nothing);
  });

  it.each([
    'store-0',
    'db.internal',
    'localhost.example.net',
    '10.0.0.4',
    '192.168.1.2',
    '127.0.0.1.example.net',
    '127.1',
    '0.0.0.0',
    '::',
    'fd00::7',
    '::ffff:127.0.0.1',
    '/tmp/mongodb',
  ])('to %s leads off it, and is refused', (host) => {
    const { refused, plain } = judgeWays([mongo([host]), redis([host])], []);
    expect(plain).toEqual([]);
    expect(refused).toEqual([
      expect.stringMatching(
        /^MONGODB_URI leads off this machine without TLS, .* add tls=true to it .*ENTRAIN_PLAIN_HOSTS/,
      ),
      expect.stringMatching(
        /^REDIS_URL leads off this machine without TLS, .* begin it with rediss:\/\/.*ENTRAIN_PLAIN_HOSTS/,
      ),
    ]);
    // Of an address that is misspelt it may be a part of the password.
    expect(refused.join()).not.toContain(host);
  });

  it('is taken where the deployment names the host, in whatever case, and told', () => {
    expect(judgeWays([mongo(['Mongo']), redis(['10.0.0.4'])], ['mongo', '10.0.0.4'])).toEqual({
      refused: [],
      plain: [
        { server: 'MongoDB', hosts: ['Mongo'] },
        { server: 'Redis', hosts: ['10.0.0.4'] },
      ],
    });
  });

  it('to several hosts takes the name of each that is not this machine', () => {
    const three = mongo(['localhost', 'db1', 'db2']);
    expect(judgeWays([three], ['db1']).refused).toHaveLength(1);
    expect(judgeWays([three], ['db2', 'db1'])).toEqual({
      refused: [],
      plain: [{ server: 'MongoDB', hosts: ['db1', 'db2'] }],
    });
  });

  it('to one server says nothing of the way to the other', () => {
    const { refused, plain } = judgeWays([mongo(['mongo']), redis(['redis'])], ['mongo']);
    expect(refused).toEqual([expect.stringContaining('REDIS_URL')]);
    expect(plain).toEqual([{ server: 'MongoDB', hosts: ['mongo'] }]);
  });
});

describe('a way by TLS', () => {
  it('leads wherever it leads', () => {
    expect(judgeWays([mongo(['db.example.net'], 'proved'), redis(['10.0.0.4'], 'proved')], [])).toEqual(nothing);
  });

  it('that takes any certificate is as good as none, for whoever is on it answers', () => {
    expect(judgeWays([mongo(['db.example.net'], 'unproved')], []).refused).toEqual([
      expect.stringContaining('MONGODB_URI leads off this machine by TLS that takes any certificate'),
    ]);
    expect(judgeWays([mongo(['127.0.0.1'], 'unproved')], [])).toEqual(nothing);
  });
});

describe('an API that speaks HTTP', () => {
  const alone = { host: '0.0.0.0', publicUrl: null, trustedProxies: 0 };

  it.each(['0.0.0.0', '::', '10.0.0.4', 'entrain.internal', '127.0.0.1.example.net'])(
    'and listens on %s is open to whoever is on the way',
    (host) => {
      expect(isDoorPlain({ ...alone, host })).toBe(true);
    },
  );

  it.each(['127.0.0.1', 'localhost', '::1'])('and listens on %s is not', (host) => {
    expect(isDoorPlain({ ...alone, host })).toBe(false);
  });

  it('is not where TLS is said to be in front of it', () => {
    expect(isDoorPlain({ ...alone, publicUrl: 'https://entrain.example' })).toBe(false);
    expect(isDoorPlain({ ...alone, trustedProxies: 1 })).toBe(false);
    // A page that is opened on the machine itself says nothing of the others.
    expect(isDoorPlain({ ...alone, publicUrl: 'http://localhost:8080' })).toBe(true);
  });
});
