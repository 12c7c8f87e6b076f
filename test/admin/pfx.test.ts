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
