/** Opaque tokens in links: base64url of JSON. They are not signed; a client that looks inside is at fault anyway. */

import type { z } from 'zod';
import { badRequest } from './reply.ts';

export const encodeToken = (token: object): string => Buffer.from(JSON.stringify(token)).toString('base64url');

export function decodeToken<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch {
    throw badRequest('Badly formed token.');
  }
}
