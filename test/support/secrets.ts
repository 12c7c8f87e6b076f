// Secrets by field name, hidden as the stores take and give them, and in clear as a test compares them.

import { type Secret, secret } from '../../src/model/secret.ts';

export const hidden = <Field extends string>(
  texts: Readonly<Record<Field, string>>,
): Readonly<Record<string, Secret>> =>
  Object.fromEntries(Object.entries<string>(texts).map(([field, text]) => [field, secret(text)]));

export const revealed = (secrets: Readonly<Record<string, Secret>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(secrets).map(([field, one]) => [field, one.reveal()]));
