/** What the variables in the documentation's commands stand for, made up but well-formed. */

const guid = '3f7c2a10-5d1e-4c8a-9b0f-2a6d1c9e4b91';
const idOf = (prefix: string): string => `${prefix}_${'0'.repeat(32)}`;

export const sample: Readonly<Record<string, string>> = {
  API: 'http://entrain.example',
  KEY: 'a-key',
  AUTH: 'Authorization: Bearer a-key',
  JSON: 'Content-Type: application/json',
  CONNECTION: idOf('con'),
  TARGET: idOf('tgt'),
  RUN: idOf('run'),
  RECONCILE: idOf('run'),
  PLAN: idOf('pln'),
  HASH: 'q1b0XfVTJ7wYkq0v1gqzJm7zN1s4Pj3mM0cT9a5Q2xE',
  DRY_RUN: idOf('run'),
  DRY_PLAN: idOf('pln'),
  DRY_HASH: 'mM0cT9a5Q2xEq1b0XfVTJ7wYkq0v1gqzJm7zN1s4Pj3',
  GROUP: guid,
  OBJECT_ID: guid,
  PERSON: 'jane@contoso.example',
  CURSOR: 'a-cursor',
  TENANT_ID: guid,
  CLIENT_ID: guid,
  CLIENT_SECRET: 'the-value-of-a-secret',
  SCIM: 'http://scim.example/scim/v2',
  SCIM_AUTH: 'Authorization: Bearer a-token',
  SCIM_TOKEN: 'a-token',
  ACCOUNT: guid,
  CA: '/tmp/ca.pem',
  CONTROL: 'https://graph.example/control',
  TENANT: guid,
  WEBHOOK: idOf('whk'),
};
