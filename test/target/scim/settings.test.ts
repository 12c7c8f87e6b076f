import { describe, expect, it } from 'vitest';
import { scim } from '../../../src/target/scim/index.ts';
import { parseSettings } from '../../../src/target/scim/settings.ts';
import { SettingsRefused } from '../../../src/target/target.ts';
import { revealed } from '../../support/secrets.ts';

const token = 'a-token';
const given = { base_url: 'https://scim.example.com/v2', token };

describe('the settings of a SCIM target', () => {
  it('need an address and a token, and have a default for all the rest', () => {
    expect(parseSettings(given).settings).toMatchObject({
      concurrency: 8,
      timeout_secs: 30,
      members_per_request: 100,
      update_mode: null,
    });
  });

  it('keep the token apart from what may be shown', () => {
    const parsed = scim.parse({ ...given, concurrency: 4 });
    expect(parsed.settings).toEqual({ base_url: given.base_url, concurrency: 4 });
    expect(revealed(parsed.secrets)).toEqual({ token });
    // As it is handed back, whenever the target is connected.
    expect(revealed(scim.parse({ ...parsed.settings, ...parsed.secrets }).secrets)).toEqual({ token });
  });

  it('say where the token goes as it will be called, however that is spelled', () => {
    for (const base_url of [' https://scim.example.com/v2', '\thttps://SCIM.example.com:443/v2\n']) {
      const { settings, address } = scim.parse({ ...given, base_url, user_agent: 'https://elsewhere.example' });
      expect(address.url.href).toBe('https://scim.example.com/v2');
      expect(settings['base_url']).toBe(base_url.trim());
    }
  });

  it.each([
    ['http://scim.example.com/v2', {}, false],
    ['http://scim.example.com/v2', { allow_http: true }, true],
    ['http://127.0.0.1:8080/v2', {}, true],
    ['http://localhost:8080', {}, true],
    ['http://[::1]:8080', {}, true],
    ['http://127.0.0.1.example.com', {}, false],
    ['https://user:secret@scim.example.com', {}, false],
    ['https://scim.example.com/?aadOptscim062020', {}, false],
    ['ftp://scim.example.com', { allow_http: true }, false],
    ['nonsense', {}, false],
  ])('take the address %s with %j: %s', (base_url, more, taken) => {
    expect(issuesOf({ ...given, base_url, ...more }).map(({ pointer }) => pointer)).toEqual(taken ? [] : ['/base_url']);
  });

  it('refuse what they do not know and what makes no sense, each by its pointer', () => {
    const issues = issuesOf({ ...given, concurency: 4, 'a/b': 1, members_per_request: 0, update_mode: 'POST' });
    expect(issues.map(({ pointer }) => pointer).toSorted()).toEqual([
      '/a~1b',
      '/concurency',
      '/members_per_request',
      '/update_mode',
    ]);
    expect(issuesOf({}).map(({ pointer }) => pointer)).toEqual(['/base_url', '/token']);
  });

  it('refuse a token that would break out of its header, without repeating it', () => {
    const issues = issuesOf({ ...given, token: 'secret\r\nX-Evil: 1' });
    expect(issues.map(({ pointer }) => pointer)).toEqual(['/token']);
    expect(JSON.stringify(issues)).not.toContain('secret');
  });
});

const issuesOf = (input: Parameters<typeof parseSettings>[0]): SettingsRefused['issues'] => {
  try {
    parseSettings(input);
    return [];
  } catch (error) {
    if (error instanceof SettingsRefused) return error.issues;
    throw error;
  }
};
