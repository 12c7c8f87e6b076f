import { describe, expect, it } from 'vitest';
import { meaningOf, numbers } from '../../../src/source/graph/aadsts.ts';

describe('what the login service’s numbers mean', () => {
  it.each(Object.keys(numbers))('AADSTS%s has a sentence, somebody who acts, and what they do', (number) => {
    const { says, mend } = meaningOf(number, 'invalid_client', 'customer_it');
    expect(says).toMatch(new RegExp(`^[a-zA-Z].{10,} \\(AADSTS${number}\\)$`));
    expect(['customer_it', 'your_team', 'microsoft']).toContain(mend.owner);
    expect(mend.todo).toMatch(/^[A-Z].*\.$/);
  });

  it('a secret is mended by whoever registered the application', () => {
    expect(meaningOf('7000222', 'invalid_client', 'customer_it').mend.owner).toBe('customer_it');
    expect(meaningOf('7000222', 'invalid_client', 'your_team').mend.owner).toBe('your_team');
    expect(meaningOf('700016', 'unauthorized_client', 'your_team').mend.owner).toBe('customer_it');
  });

  it('a number that nobody knows is told by the OAuth error word', () => {
    expect(meaningOf('1234567', 'invalid_client', 'customer_it')).toMatchObject({
      says: 'the login service does not accept the credentials (AADSTS1234567)',
      mend: { owner: 'customer_it' },
    });
    expect(meaningOf(null, 'no answer', 'customer_it').mend.owner).toBe('microsoft');
  });
});
