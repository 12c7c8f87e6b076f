import { describe, expect, it } from 'vitest';
import { mayDo, type NeededScope } from '../../src/core/access.ts';
import { type ApiScope, apiScopes } from '../../src/model/api-key.ts';

const everything: readonly NeededScope[] = [...apiScopes, 'any'];
const done = (...scopes: readonly ApiScope[]): readonly NeededScope[] =>
  everything.filter((needed) => mayDo({ scopes }, needed));

describe('a scope', () => {
  it.each([
    ['read', ['read', 'any']],
    ['sync', ['read', 'sync', 'any']],
    ['configure', ['read', 'configure', 'any']],
    ['approve', ['read', 'approve', 'any']],
    ['audit', ['audit', 'any']],
    ['admin', [...apiScopes, 'any']],
  ] as const)('%s lets somebody do %j and nothing else', (scope, may) => {
    expect(done(scope)).toEqual(everything.filter((needed) => may.some((one) => one === needed)));
  });

  it('beside another lets somebody do what either of them does, and no third thing', () => {
    expect(done('sync', 'configure')).toEqual(['read', 'sync', 'configure', 'any']);
    expect(done('audit', 'read')).toEqual(['read', 'audit', 'any']);
  });

  it('that somebody does not have lets them do nothing', () => {
    expect(done()).toEqual([]);
  });
});
