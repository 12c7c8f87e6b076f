/**
 * Whether the ways to MongoDB and Redis may be gone. Whoever can listen on one that is not encrypted reads every person that is kept, and whoever can write
 * on it decides what is done to them. So a way that leads off this machine takes TLS, unless the deployment names the host: it says by that, that nobody
 * else is on the way, as in the network of a pod or of docker compose.
 */

/** As the client of the server itself understands the address. */
export type Way = {
  readonly server: 'MongoDB' | 'Redis';
  /** Host names and addresses, without brackets and ports; none where a Unix socket is meant. */
  readonly hosts: readonly string[];
  /** `unproved`: encrypted, and for whoever answers, since nobody looks at the certificate. */
  readonly tls: 'proved' | 'unproved' | 'none';
};

export type JudgedWays = {
  /** Why the start is refused, a sentence for each way. No host is in it: of an address that is misspelt, a part of the password may stand in its place. */
  readonly refused: readonly string[];
  /** What leads off this machine in plain, as the deployment wants it. */
  readonly plain: readonly { readonly server: Way['server']; readonly hosts: readonly string[] }[];
};

/** `named`: the hosts that the deployment says may be reached in plain. */
export const judgeWays = (ways: readonly Way[], named: readonly string[]): JudgedWays => {
  const isNamed = (host: string): boolean => named.some((one) => one.toLowerCase() === host.toLowerCase());
  const leading = ways
    .filter(({ tls }) => tls !== 'proved')
    .map((way) => ({ ...way, hosts: way.hosts.filter((host) => !isOfThisMachine(host)) }))
    .filter(({ hosts }) => hosts.length > 0);
  return {
    refused: leading.filter(({ hosts }) => !hosts.every(isNamed)).map(refusalOf),
    plain: leading.filter(({ hosts }) => hosts.every(isNamed)).map(({ server, hosts }) => ({ server, hosts })),
  };
};

/**
 * Whether keys and people may come to the API in plain from elsewhere: it speaks HTTP alone, listens for others than this machine, and nothing is declared
 * that speaks TLS in front of it. What stands there cannot be seen from here, so it is told, and the start is not refused.
 */
export const isDoorPlain = ({ host, publicUrl, trustedProxies }: Door): boolean =>
  !isOfThisMachine(host) && trustedProxies === 0 && publicUrl?.startsWith('https://') !== true;

type Door = { readonly host: string; readonly publicUrl: string | null; readonly trustedProxies: number };

/** Spelled in the usual way alone: of any other spelling it is not known how a resolver takes it, and it can be named. */
const isOfThisMachine = (host: string): boolean =>
  host.toLowerCase() === 'localhost' || host === '::1' || /^127(\.(0|[1-9]\d{0,2})){3}$/.test(host);

const refusalOf = ({ server, tls }: Way): string => {
  const { variable, addTls, hosts } = addresses[server];
  const [lacks, mend] =
    tls === 'none'
      ? ['without TLS', addTls]
      : ['by TLS that takes any certificate', 'take out of it what has certificates not looked at'];
  return `${variable} leads off this machine ${lacks}, so that whoever is on the way may read and change everything: ${mend}; or, where nobody else can be on the way, name ${hosts} in ENTRAIN_PLAIN_HOSTS`;
};

type Address = { readonly variable: string; readonly addTls: string; readonly hosts: string };

const addresses: Readonly<Record<Way['server'], Address>> = {
  MongoDB: {
    variable: 'MONGODB_URI',
    addTls: 'add tls=true to it (mongodb+srv:// has it by itself)',
    hosts: 'all of its hosts, and those of its replica set,',
  },
  Redis: { variable: 'REDIS_URL', addTls: 'begin it with rediss://', hosts: 'its host' },
};
