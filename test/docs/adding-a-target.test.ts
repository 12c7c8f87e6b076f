import { describe, expect, it } from 'vitest';
import { SettingsRefused } from '../../src/target/target.ts';
import { describeTarget, describeTroubles } from '../contract/target-contract.ts';
import { revealed } from '../support/secrets.ts';
import { desk } from './example/desk.ts';
import { deskHarness } from './example/desk-harness.ts';

/** That the page shows the whole program, part by part, is checked by generated.test.ts. */
describe('the target that docs/adding-a-target.md walks through', () => {
  it('refuses settings it does not know, and says which', () => {
    const refused = () => desk.parse({ base_url: 'desk.example', token: 'secret' });
    expect(refused).toThrow(SettingsRefused);
    expect(refused).toThrow('/base_url: must be a URL');
    expect(() => desk.parse({ base_url: 'https://desk.example', token: 'secret', colour: 'red' })).toThrow('colour');
  });

  it('keeps its token apart from what is stored and shown', () => {
    const parsed = desk.parse({ base_url: 'https://desk.example', token: 'secret' });
    expect(parsed.settings).toEqual({ base_url: 'https://desk.example' });
    expect(revealed(parsed.secrets)).toEqual({ token: 'secret' });
  });
});

describeTarget('desk, the example', deskHarness);
describeTroubles('desk, the example', deskHarness);
