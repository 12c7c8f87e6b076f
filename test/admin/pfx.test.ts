import { createPrivateKey, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PfxRefused, pemOfPfx } from '../../src/admin/pfx.ts';
import { files, password, thumbprint } from '../fixtures/pfx.ts';

const read = (file: string, word = password): string => pemOfPfx(Buffer.from(file, 'base64'), word);

describe('a PFX file', () => {
  it.each(['modern', 'tripleDes'] as const)('(%s) gives its certificate and key', (kind) => {
    const pem = read(files[kind]);
    const certificate = new X509Certificate(pem);
    expect(certificate.fingerprint.replaceAll(':', '')).toBe(thumbprint);
    expect(certificate.checkPrivateKey(createPrivateKey(pem))).toBe(true);
  });

  it.each(['modern', 'tripleDes'] as const)('(%s) opens with its password alone', (kind) => {
    expect(() => read(files[kind], 'another')).toThrow(/password/);
  });

  it('that is encrypted by RC2 is refused', () => {
    expect(() => read(files.rc2)).toThrow('is encrypted in a way that is too old or not known');
  });

  it('whose key alone would take millions of rounds to open is refused before any of them', () => {
    const [ofCertificates, ofKey] = [0, 1].map((nth) => withRounds(files.modern, nth, 3_000_000));
    for (const file of [ofCertificates, ofKey]) expect(() => read(file ?? '')).toThrow('takes far more work to open');
  });

  it('that takes as many rounds as is allowed is opened once, and not again and again', () => {
    const file = Buffer.from(withRounds(files.modern, 1, 2_048), 'base64');
    expect(pemOfPfx(file, password)).toBe(read(files.modern));
    // Nine safes in place of two.
    expect(() => read(withMoreSafes(files.modern, 7))).toThrow('takes far more work to open');
  });

  it('that is cut off, or is none, is refused in words', () => {
    const whole = Buffer.from(files.modern, 'base64');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) => {
        expect(() => pemOfPfx(whole.subarray(0, length), password)).toThrow(PfxRefused);
      }),
    );
    expect(() => pemOfPfx(new Uint8Array(), password)).toThrow(PfxRefused);
  });

  it('that was altered anywhere is refused, or gives the same all the same', () => {
    const whole = Buffer.from(files.modern, 'base64');
    const right = read(files.modern);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const altered = Buffer.from(whole);
        altered[at] = (altered[at] ?? 0) ^ by;
        let read: string;
        try {
          read = pemOfPfx(altered, password);
        } catch (error) {
          expect(error).toBeInstanceOf(PfxRefused);
          return;
        }
        expect(read).toBe(right);
      }),
      { numRuns: 150 },
    );
  });
});

/** DER (X.690): a tag, and what it holds, as bytes or as more of the same. */
type Der = { readonly tag: number; readonly held: Buffer | readonly Der[] };

const parsed = (bytes: Buffer): readonly Der[] => {
  const found: Der[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [tag = 0, first = 0] = bytes.subarray(at, at + 2);
    const more = first < 0x80 ? 0 : first & 0x7f;
    const from = at + 2 + more;
    const length = more === 0 ? first : bytes.readUIntBE(at + 2, more);
    const body = bytes.subarray(from, from + length);
    // What an octet string wraps is looked into where it is a sequence of its own.
    const isWrapping = tag === 0x04 && body[0] === 0x30 && body.length > 100;
    found.push({ tag, held: (tag & 0x20) !== 0 || isWrapping ? parsed(body) : body });
    at = from + length;
  }
  return found;
};

const encoded = ({ tag, held }: Der): Buffer => {
  const body = Buffer.isBuffer(held) ? held : Buffer.concat(held.map(encoded));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([Buffer.from([tag, 0x84]), length, body]);
};

/** Without its seal, which would be found broken first. */
const unsealed = (file: string): Der => {
  const [whole] = parsed(Buffer.from(file, 'base64'));
  if (whole === undefined || Buffer.isBuffer(whole.held)) throw new Error('No such file.');
  return { ...whole, held: whole.held.slice(0, 2) };
};

/** `nth`: 0 for the certificates, 1 for the key. */
const withRounds = (file: string, nth: number, rounds: number): string => {
  let met = 0;
  const changed = ({ tag, held }: Der): Der => {
    if (!Buffer.isBuffer(held)) return { tag, held: held.map(changed) };
    if (tag !== 0x02 || !held.equals(Buffer.from([0x08, 0x00])) || met++ !== nth) return { tag, held };
    const number = Buffer.alloc(4);
    number.writeUInt32BE(rounds);
    return { tag, held: number };
  };
  return encoded(changed(unsealed(file))).toString('base64');
};

const withMoreSafes = (file: string, more: number): string => {
  const changed = ({ tag, held }: Der, depth = 0): Der => {
    if (Buffer.isBuffer(held)) return { tag, held };
    const [first] = held;
    // The list of safes: what the file's one octet string wraps.
    if (depth === 4 && first !== undefined)
      return { tag, held: [...held, ...Array.from({ length: more }, () => first)] };
    return { tag, held: held.map((one) => changed(one, depth + 1)) };
  };
  return encoded(changed(unsealed(file))).toString('base64');
};
