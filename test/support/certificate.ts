/** Certificates with their keys, made on the spot. */

import { generateKeyPairSync, webcrypto } from 'node:crypto';
import '../../simulator/metadata-polyfill.ts';
import { X509CertificateGenerator } from '@peculiar/x509';

export type Certificate = { readonly pem: string; readonly keyPem: string; readonly publicPem: string };

const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
const dayMs = 86_400_000;

/** One that is good until then; for a year unless said otherwise. */
export const makeCertificate = async (endsAt = new Date(Date.now() + 365 * dayMs)): Promise<Certificate> => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const privateDer = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
  const publicDer = pair.publicKey.export({ type: 'spki', format: 'der' });
  const keys = {
    privateKey: await webcrypto.subtle.importKey('pkcs8', privateDer, algorithm, true, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', publicDer, algorithm, true, ['verify']),
  };
  const made = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Sync',
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(endsAt.getTime() - 730 * dayMs),
    notAfter: endsAt,
  });
  return {
    pem: `${made.toString('pem')}\n`,
    keyPem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
};
