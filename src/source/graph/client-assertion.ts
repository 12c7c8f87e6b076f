/**
 * Proves with a certificate who we are, where the library has no call for it (Entra, "Certificate credentials"): a JWT (RFC 7523) signed with PS256 by
 * the certificate's key.
 */

import { constants, createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import type { Secret } from '../../model/secret.ts';

const lifeSecs = 600;

/** `certificate`: with its private key, in PEM. Throws when either is not there. */
export const clientAssertion = (certificate: Secret, clientId: string, audience: string, now: Date): string => {
  const pem = certificate.reveal();
  const seconds = Math.floor(now.getTime() / 1_000);
  const header = { alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprintOf(pem) };
  const claims = {
    aud: audience,
    iss: clientId,
    sub: clientId,
    jti: randomUUID(),
    nbf: seconds,
    iat: seconds,
    exp: seconds + lifeSecs,
  };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(signed), {
    key: createPrivateKey(pem),
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });
  return `${signed}.${signature.toString('base64url')}`;
};

/** Null when it cannot be read: whoever asks for a token with it is told what is wrong. */
export const endOfCertificate = (certificate: Secret): Date | null => {
  try {
    return new Date(new X509Certificate(certificate.reveal()).validTo);
  } catch {
    return null;
  }
};

const thumbprintOf = (pem: string): string =>
  Buffer.from(new X509Certificate(pem).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
