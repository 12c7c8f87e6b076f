/**
 * Certificate and key out of a PFX file (PKCS #12, RFC 7292), as Windows and Azure Key Vault hand them out. Every password
 * is tried here and not by Node, which would take as many rounds as a stranger's file asks for; all of it in a thread of its own (open-pfx.ts). What is encrypted by RC2, as very old exports are, is refused: nobody should use it any more.
 */

import { createDecipheriv, createHash, createHmac, createPrivateKey, pbkdf2Sync, X509Certificate } from 'node:crypto';
import { isSame } from '../store/is-same.ts';

/** The file was not understood, or the password is wrong. Says which, never what is in it. */
export class PfxRefused extends Error {
  override readonly name = 'PfxRefused';
}

/** PEM: the certificate that belongs to the key, and the key. Throws `PfxRefused`. */
export const pemOfPfx = (file: Uint8Array, password: string): string => {
  const opening = { password, count: countWithin(mostIterationsInAll) };
  const bags = bagsIn(file, opening);
  const [key] = bags.flatMap((bag) => keyIn(bag, opening));
  if (key === undefined) throw new PfxRefused('holds no private key');
  const certificate = bags.flatMap(certificateIn).find((each) => each.checkPrivateKey(key));
  if (certificate === undefined) throw new PfxRefused('holds no certificate that belongs to its private key');
  return `${certificate.toString()}${key.export({ type: 'pkcs8', format: 'pem' })}`;
};

/** `count`: how many rounds a key takes; refuses what is too much, alone or together with all before. */
type Opening = { readonly password: string; readonly count: (node: Node | undefined) => number };

type Bag = { readonly kind: string; readonly value: Node };

const oids = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  plainKey: '1.2.840.113549.1.12.10.1.1',
  shroudedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  tripleDes: '1.2.840.113549.1.12.1.3',
} as const;
const digests: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};
type Digest = { readonly name: string; readonly bytes: number; readonly block: number };
const sha1: Digest = { name: 'sha1', bytes: 20, block: 64 };
const macDigests: Readonly<Record<string, Digest>> = {
  '1.3.14.3.2.26': sha1,
  '2.16.840.1.101.3.4.2.1': { name: 'sha256', bytes: 32, block: 64 },
  '2.16.840.1.101.3.4.2.2': { name: 'sha384', bytes: 48, block: 128 },
  '2.16.840.1.101.3.4.2.3': { name: 'sha512', bytes: 64, block: 128 },
};
const ciphers: Readonly<Record<string, { readonly name: string; readonly keyBytes: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32 },
};
/** More would keep a processor busy for a stranger's sake. */
const mostIterations = 600_000;
const mostIterationsInAll = 1_500_000;
/** Files hold two safes, one of certificates and one of keys. */
const mostSafes = 8;

const bagsIn = (file: Uint8Array, opening: Opening): readonly Bag[] => {
  const [, authSafe, mac] = children(nodeAt(file));
  const content = octets(contentOf(authSafe, oids.data));
  const safes = children(nodeAt(content));
  if (safes.length > mostSafes) throw tooMuch();
  if (mac !== undefined) prove(content, mac, opening);
  return safes.flatMap((safe) => {
    const [kind, content] = children(safe);
    const inner = children(content)[0];
    const plain = oidOf(kind) === oids.encryptedData ? decrypted(children(inner)[1], 1, opening) : octets(inner);
    return children(nodeAt(plain)).map((bag): Bag => {
      const [bagKind, value] = children(bag);
      return { kind: oidOf(bagKind), value: need(children(value)[0]) };
    });
  });
};

/** The file says by an HMAC that it is whole, and that the password is right (RFC 7292, §4 and appendix A). */
const prove = (content: Uint8Array, mac: Node, { password, count }: Opening): void => {
  const [digestInfo, salt, iterations] = children(mac);
  const [algorithm, expected] = children(digestInfo);
  const digest = macDigests[oidOf(children(algorithm)[0])];
  if (digest === undefined) throw new PfxRefused('is sealed in a way that is not known');
  const rounds = iterations === undefined ? 1 : count(iterations);
  const key = derived(digest, 3, digest.bytes, password, octets(salt), rounds);
  const found = createHmac(digest.name, key).update(content).digest();
  const wanted = octets(expected);
  if (!isSame(found, wanted)) throw wrongPassword(null);
};

const contentOf = (info: Node | undefined, kind: string): Node => {
  const [found, content] = children(info);
  if (oidOf(found) !== kind) throw new PfxRefused('is sealed with a public key, not with a password');
  return need(children(content)[0]);
};

const keyIn = ({ kind, value }: Bag, opening: Opening) => {
  if (kind !== oids.plainKey && kind !== oids.shroudedKey) return [];
  const key = kind === oids.shroudedKey ? decrypted(value, 0, opening) : value.whole;
  try {
    return [createPrivateKey({ key: Buffer.from(key), format: 'der', type: 'pkcs8' })];
  } catch (cause) {
    throw wrongPassword(cause);
  }
};

const certificateIn = ({ kind, value }: Bag): readonly X509Certificate[] =>
  kind === oids.certificate ? [parsed(octets(children(children(value)[1])[0]))] : [];

const parsed = (der: Uint8Array): X509Certificate => {
  try {
    return new X509Certificate(der);
  } catch {
    throw malformed();
  }
};

/** How it is encrypted stands at `at`, and what is encrypted right behind. */
const decrypted = (sealed: Node | undefined, at: number, opening: Opening): Uint8Array => {
  const [algorithm, content] = children(sealed).slice(at);
  const [kind, parameters] = children(algorithm);
  const { name, key, iv } = keyFor(oidOf(kind), need(parameters), opening);
  try {
    const decipher = createDecipheriv(name, key, iv);
    return Buffer.concat([decipher.update(need(content).body), decipher.final()]);
  } catch (cause) {
    throw wrongPassword(cause);
  }
};

type Key = { readonly name: string; readonly key: Uint8Array; readonly iv: Uint8Array };

const keyFor = (algorithm: string, parameters: Node, { password, count }: Opening): Key => {
  if (algorithm === oids.tripleDes) {
    const [salt, iterations] = children(parameters);
    const derive = (purpose: 1 | 2, bytes: number): Uint8Array =>
      derived(sha1, purpose, bytes, password, octets(salt), count(iterations));
    return { name: 'des-ede3-cbc', key: derive(1, 24), iv: derive(2, 8) };
  }
  if (algorithm !== oids.pbes2) throw new PfxRefused('is encrypted in a way that is too old or not known');
  const [derivation, encryption] = children(parameters);
  const [kind, given] = children(derivation);
  const [cipherKind, iv] = children(encryption);
  const cipher = ciphers[oidOf(cipherKind)];
  if (oidOf(kind) !== oids.pbkdf2 || cipher === undefined)
    throw new PfxRefused('is encrypted in a way that is not known');
  const [salt, iterations, ...more] = children(given);
  // RFC 8018, A.2: the digest is SHA-1 unless it is named.
  const named = more.find(({ tag }) => tag === 0x30);
  const digest = named === undefined ? 'sha1' : digests[oidOf(children(named)[0])];
  if (digest === undefined) throw new PfxRefused('is encrypted in a way that is not known');
  const key = pbkdf2Sync(password, octets(salt), count(iterations), cipher.keyBytes, digest);
  return { name: cipher.name, key, iv: octets(iv) };
};

/** RFC 7292, appendix B.2: `purpose` 1 makes a key, 2 an initialization vector, 3 the key of an HMAC. */
const derived = (
  { name, bytes: digestBytes, block }: Digest,
  purpose: 1 | 2 | 3,
  bytes: number,
  password: string,
  salt: Uint8Array,
  rounds: number,
): Uint8Array => {
  const fill = (text: Uint8Array): Uint8Array =>
    Uint8Array.from({ length: block * Math.ceil(text.length / block) }, (_, at) => text[at % text.length] ?? 0);
  const secret = Buffer.from(`${password}\0`, 'utf16le').swap16();
  const input = Buffer.concat([fill(salt), fill(secret)]);
  const result: Uint8Array[] = [];
  for (let made = 0; made < bytes; made += digestBytes) {
    let digest = Buffer.concat([new Uint8Array(block).fill(purpose), input]);
    for (let round = 0; round < rounds; round += 1) digest = createHash(name).update(digest).digest();
    result.push(digest);
    const addend = fill(digest).subarray(0, block);
    for (let at = 0; at < input.length; at += block) add(input.subarray(at, at + block), addend);
  }
  return Buffer.concat(result).subarray(0, bytes);
};

/** Two numbers of the same length, the first byte the highest: their sum and one more, in place of the first. */
const add = (number: Uint8Array, other: Uint8Array): void => {
  let carry = 1;
  for (let at = number.length - 1; at >= 0; at -= 1) {
    const sum = (number[at] ?? 0) + (other[at] ?? 0) + carry;
    number[at] = sum & 0xff;
    carry = sum >> 8;
  }
};

/** One value of DER (X.690): its tag, what it holds, and all of it. */
type Node = { readonly tag: number; readonly body: Uint8Array; readonly whole: Uint8Array };

const nodeAt = (bytes: Uint8Array, at = 0): Node => {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || first === 0x80) throw malformed();
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 4) throw malformed();
  const start = at + 2 + lengthBytes;
  const length = first < 0x80 ? first : bytes.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  if (start + length > bytes.length) throw malformed();
  return { tag, body: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) };
};

const children = (node: Node | undefined): readonly Node[] => {
  const { body } = need(node);
  const found: Node[] = [];
  for (let at = 0; at < body.length; ) {
    const child = nodeAt(body, at);
    found.push(child);
    at += child.whole.length;
  }
  return found;
};

const octets = (node: Node | undefined): Uint8Array => {
  const { tag, body } = need(node);
  if (tag !== 0x04) throw malformed();
  return body;
};

const countWithin = (most: number): Opening['count'] => {
  let left = most;
  return (node) => {
    const { tag, body } = need(node);
    const number = body.reduce((sum, byte) => sum * 256 + byte, 0);
    if (tag !== 0x02 || number < 1) throw malformed();
    left -= number;
    if (number > mostIterations || left < 0) throw tooMuch();
    return number;
  };
};

const oidOf = (node: Node | undefined): string => {
  const { tag, body } = need(node);
  if (tag !== 0x06) throw malformed();
  const parts: number[] = [];
  let part = 0;
  for (const byte of body) {
    part = part * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    parts.push(part);
    part = 0;
  }
  const [first = 0, ...rest] = parts;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
};

const need = (node: Node | undefined): Node => {
  if (node === undefined) throw malformed();
  return node;
};

const tooMuch = (): PfxRefused =>
  new PfxRefused(
    'takes far more work to open than files of its kind do; export it anew, or give the certificate as PEM',
  );
const malformed = (): PfxRefused => new PfxRefused('is not a PFX file (PKCS #12), or is cut off');
const wrongPassword = (cause: unknown): PfxRefused => {
  const refused = new PfxRefused('does not open with this password');
  refused.cause = cause;
  return refused;
};
