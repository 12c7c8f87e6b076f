import { describe, expect, it } from 'vitest';
import { meaningOf, numbers } from '../../../src/source/graph/aadsts.ts';

const theirs = { registrant: 'customer_it', proof: 'client_secret' } as const;
const ours = { registrant: 'your_team', proof: 'client_secret' } as const;

describe('what the login service’s numbers mean', () => {
  it.each(Object.keys(numbers))('AADSTS%s has a sentence, somebody who acts, and what they do', (number) => {
    const { says, mend } = meaningOf(number, 'invalid_client', theirs);
    expect(says).toMatch(new RegExp(`^[a-zA-Z].{10,} \\(AADSTS${number}\\)$`));
    expect(['customer_it', 'your_team', 'microsoft']).toContain(mend.owner);
    expect(mend.todo).toMatch(/^[A-Z].*\.$/);
  });

  // By hand, from "Microsoft Entra authentication and authorization error codes", the lists of Microsoft's own libraries, and reports: each with what
  // no other advice would do.
  it.each([
    ['7000215', /new client secret/],
    ['7000222', /new client secret/],
    ['700027', /Upload the certificate/],
    ['1000502', /Make another certificate/],
    ['7000274', /Make another certificate/],
    ['7000214', /Make another certificate/],
    ['7000277', /Make another certificate/],
    ['700025', /public client/],
    ['700024', /by NTP/],
    ['700211', /issuer, subject and audience/],
    ['700212', /issuer, subject and audience/],
    ['700213', /issuer, subject and audience/],
    ['70021', /issuer, subject and audience/],
    ['70025', /Add a federated credential/],
    ['700016', /tenant id and client id/],
    ['700011', /tenant id and client id/],
    ['70001', /tenant id and client id/],
    ['7000112', /Enable it/],
    ['7000229', /Grant admin consent/],
    ['65001', /Grant admin consent/],
    ['650052', /Grant admin consent/],
    ['650056', /API permissions/],
    ['65004', /send the link again/],
    ['90094', /Grant admin consent/],
    ['90093', /may grant application permissions/],
    ['500113', /redirect URI/],
    ['50011', /redirect URI/],
    ['50020', /administrator of the tenant that is to be connected/],
    ['500212', /administrator of the tenant that is to be connected/],
    ['500213', /administrator of the tenant that is to be connected/],
    ['90002', /whether the tenant was deleted/],
    ['900382', /cloud of the connection/],
    ['90038', /cloud of the connection/],
    ['5000224', /deleted or disabled/],
    ['5000225', /support of Microsoft.*within 20 days/],
    ['500021', /proxy/],
    ['500022', /proxy/],
    ['50002', /proxy/],
    ['53003', /exclude the application/],
    ['50131', /exclude the application/],
    ['53011', /another administrator/],
    ['50105', /Assignment required/],
    ['500011', /cloud of the connection/],
    ['500014', /service principal of Microsoft Graph/],
    ['50196', /by itself/],
    ['90055', /by itself/],
  ])('AADSTS%s, which an application or its administrator may meet, is told for itself', (number, todo) => {
    expect(Object.keys(numbers)).toContain(number);
    expect(meaningOf(number, 'interaction_required', theirs).mend.todo).toMatch(todo);
  });

  it('a secret is mended by whoever registered the application, where it is set', () => {
    expect(meaningOf('7000222', 'invalid_client', theirs).mend).toMatchObject({
      owner: 'customer_it',
      todo: expect.stringContaining('in place of the one before'),
    });
    expect(meaningOf('7000222', 'invalid_client', ours).mend).toMatchObject({
      owner: 'your_team',
      todo: expect.stringContaining('ENTRAIN_APP_CLIENT_SECRET'),
    });
    expect(meaningOf('700016', 'unauthorized_client', ours).mend).toMatchObject({
      owner: 'customer_it',
      todo: expect.stringContaining('consent link'),
    });
  });

  it('a number that nobody knows is told by the OAuth error word', () => {
    expect(meaningOf('1234567', 'invalid_client', theirs)).toMatchObject({
      says: 'the login service does not accept the credentials (AADSTS1234567)',
      mend: { owner: 'customer_it' },
    });
    expect(meaningOf(null, 'no answer', theirs).mend.owner).toBe('microsoft');
  });

  it.each([
    ['client_secret', /Create a new client secret/],
    ['certificate', /Upload the certificate/],
    ['workload_identity', /federated credential/],
  ] as const)(
    'a refused proof that nothing more is said of: whoever goes by %s is not told of another kind',
    (proof, todo) => {
      for (const number of ['1234567', '70002'])
        expect(meaningOf(number, 'invalid_client', { registrant: 'customer_it', proof }).mend.todo).toMatch(todo);
    },
  );
});
