/**
 * A certificate authority of our own and a certificate for localhost. Both client libraries insist on HTTPS, and a test should
 * trust this one authority instead of turning verification off.
 */

import './metadata-polyfill.ts';
import { webcrypto } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

export type Authority = {
  /** PEM of the authority, for clients to trust. */
  readonly caPem: string;
  /** PEM of the certificate for localhost and 127.0.0.1, and of its private key. */
  readonly certPem: string;
  readonly keyPem: string;
};

const VALID_DAYS = 365;
const DAY_MS = 86_400_000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const files = { caPem: 'ca.pem', certPem: 'localhost.pem', keyPem: 'localhost.key' };

/** Makes an authority, or takes the one that an earlier start left in the folder and that is still valid for a day. */
export async function localAuthority(folder?: string): Promise<Authority> {
  if (folder === undefined) return makeAuthority();
  return (await readAuthority(folder)) ?? (await keepAuthority(folder, await makeAuthority()));
}

async function readAuthority(folder: string): Promise<Authority | null> {
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
  try {
    const [caPem, certPem, keyPem] = await Promise.all([read(files.caPem), read(files.certPem), read(files.keyPem)]);
    const validUntil = new x509.X509Certificate(certPem).notAfter.getTime();
    return validUntil > Date.now() + DAY_MS ? { caPem, certPem, keyPem } : null;
  } catch {
    // Nothing there yet, or nothing usable: a new authority is made in its place.
    return null;
  }
}

async function keepAuthority(folder: string, authority: Authority): Promise<Authority> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, files.caPem), authority.caPem);
  await writeFile(join(folder, files.certPem), authority.certPem);
  await writeFile(join(folder, files.keyPem), authority.keyPem, { mode: 0o600 });
  return authority;
}

async function makeAuthority(): Promise<Authority> {
  x509.cryptoProvider.set(webcrypto);
  const notBefore = new Date(Date.now() - DAY_MS);
  const notAfter = new Date(Date.now() + VALID_DAYS * DAY_MS);
  const [caKeys, leafKeys] = await Promise.all([newKeys(), newKeys()]);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=Simulator Authority',
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: Date.now().toString(16).padStart(12, '0'),
    subject: 'CN=localhost',
    issuer: ca.subject,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    publicKey: leafKeys.publicKey,
    signingKey: caKeys.privateKey,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ]),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  return { caPem: ca.toString('pem'), certPem: leaf.toString('pem'), keyPem: await privatePem(leafKeys.privateKey) };
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}
