/** The tricks by which an address that must not be called is made to look like another. None of them opens a connection here. */

import { describe, expect, it } from 'vitest';
import { allowList } from '../../src/egress/allow-list.ts';
import { plainHost, rulesOf } from '../../src/egress/rules.ts';

const rules = (...allow: string[]) => rulesOf(allowList(allow));
const refusal = (address: string, ...allow: string[]) => rules(...allow).refusalOfUrl(new URL(address));

const privately = /private network.*ENTRAIN_EGRESS_ALLOW/;
const never = /never called/;

describe('an address that is written as numbers', () => {
  it.each([
    ['https://127.0.0.1/scim', privately],
    ['https://127.1/', privately],
    ['https://127.0.0.1./', privately],
    ['https://2130706433/', privately],
    ['https://0x7f000001/', privately],
    ['https://0x7f.0.0.1/', privately],
    ['https://0177.0.0.1/', privately],
    ['https://017700000001/', privately],
    ['https://127。0。0。1/', privately],
    ['https://１２７.0.0.1/', privately],
    ['https://①②⑦.0.0.1/', privately],
    ['https://%31%32%37.0.0.1/', privately],
    ['https://10.0.0.5/', privately],
    ['https://172.16.0.1/', privately],
    ['https://172.31.255.255/', privately],
    ['https://192.168.1.1:8443/', privately],
    ['https://100.64.0.1/', privately],
    ['https://198.18.0.1/', privately],
    ['https://240.0.0.1/', privately],
    ['https://0.0.0.0/', never],
    ['https://0/', never],
    ['https://255.255.255.255/', never],
    ['https://224.0.0.1/', never],
    ['https://169.254.169.254/latest/meta-data/', never],
    ['https://2852039166/', never],
    ['https://0xa9.0xfe.0xa9.0xfe/', never],
    ['https://0251.0376.0251.0376/', never],
    ['https://168.63.129.16/', never],
    ['https://100.100.100.200/', never],
    ['https://192.0.0.192/', never],
    ['https://[::1]/', privately],
    ['https://[::]/', never],
    ['https://[0:0:0:0:0:0:0:1]/', privately],
    ['https://[::ffff:127.0.0.1]/', privately],
    ['https://[::ffff:7f00:1]/', privately],
    ['https://[::ffff:169.254.169.254]/', never],
    ['https://[::127.0.0.1]/', privately],
    ['https://[64:ff9b::127.0.0.1]/', privately],
    ['https://[64:ff9b::169.254.169.254]/', never],
    ['https://[64:ff9b:1::7f00:1]/', privately],
    ['https://[2002:7f00:1::]/', never],
    ['https://[2001:0:7f00:1::]/', never],
    ['https://[fc00::1]/', privately],
    ['https://[fd12:3456:789a::1]/', privately],
    ['https://[fe80::1]/', never],
    ['https://[fec0::1]/', privately],
    ['https://[ff02::1]/', never],
    ['https://[fd00:ec2::254]/', never],
    ['https://[fd20:ce::254]/', never],
    ['https://[2001:db8::1]/', privately],
    ['https://[100::1]/', privately],
    ['https://[4000::1]/', privately],
  ])('%s is refused', (address, why) => {
    expect(refusal(address)).toMatch(why);
  });

  it.each(['https://93.184.216.34/', 'https://[2606:4700::1111]/', 'https://[64:ff9b::93.184.216.34]/'])(
    '%s is public, and called',
    (address) => {
      expect(refusal(address)).toBeNull();
    },
  );
});

describe('an address', () => {
  it.each([
    'http://scim.example.com/',
    'http://93.184.216.34/',
    'ftp://scim.example.com/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:6379/_FLUSHALL',
    'data:text/plain,hello',
  ])('%s is not called, for it is not https://', (address) => {
    expect(refusal(address)).toMatch(/https:\/\/|names no host/);
  });

  it('with a name and a password in it is not called, whatever they look like', () => {
    expect(refusal('https://scim.example.com@169.254.169.254/')).toMatch(/no user name/);
    expect(refusal('https://user:secret@scim.example.com/')).toMatch(/no user name/);
    expect(refusal('https://user:secret@scim.example.com/')).not.toContain('secret');
  });

  it('with a name is in order until it is known what the name stands for', () => {
    expect(refusal('https://scim.example.com/')).toBeNull();
    expect(refusal('https://localhost/')).toBeNull();
    const { refusalOfAddress } = rules();
    expect(refusalOfAddress('localhost', '127.0.0.1', false)).toMatch(privately);
    expect(refusalOfAddress('scim.example.com', '10.1.2.3', false)).toMatch(privately);
    expect(refusalOfAddress('scim.example.com', 'fe80::1%eth0', false)).toMatch(never);
    expect(refusalOfAddress('scim.example.com', 'nonsense', false)).toMatch(never);
    expect(refusalOfAddress('scim.example.com', '93.184.216.34', false)).toBeNull();
  });

  it('that is refused is not told: what a private name stands for is nobody’s business', () => {
    expect(rules().refusalOfAddress('intranet.example.com', '10.1.2.3', false)).not.toContain('10.1.2.3');
  });
});

describe('what a deployment lists', () => {
  it('is called by its name, whatever private address that stands for', () => {
    const { refusalOfAddress } = rules('scim.corp.example');
    expect(refusalOfAddress('SCIM.corp.example.', '10.1.2.3', false)).toBeNull();
    expect(refusalOfAddress('other.corp.example', '10.1.2.3', false)).toMatch(privately);
    expect(refusalOfAddress('scim.corp.example', '10.1.2.3', true)).toMatch(/https:\/\/ alone|private/);
  });

  it('is called by its network, whatever the name', () => {
    expect(refusal('https://10.20.3.4/', '10.20.0.0/16')).toBeNull();
    expect(refusal('https://10.21.3.4/', '10.20.0.0/16')).toMatch(privately);
    expect(refusal('https://[fd12::7]/', 'fd12::/16')).toBeNull();
    expect(refusal('https://[::ffff:10.20.3.4]/', '10.20.0.0/16')).toBeNull();
    expect(rules('10.20.0.0/16').refusalOfAddress('hr.corp.example', '10.20.3.4', false)).toBeNull();
  });

  it('is called without TLS only where it says so', () => {
    expect(refusal('http://127.0.0.1:8444/', 'http://127.0.0.1')).toBeNull();
    expect(refusal('http://localhost:8444/', 'http://localhost')).toBeNull();
    expect(refusal('http://127.0.0.1:8444/', '127.0.0.1')).toMatch(privately);
    expect(refusal('http://other.example/', 'http://localhost')).toMatch(/https:\/\/ alone/);
    expect(refusal('https://127.0.0.1:8444/', 'http://127.0.0.1')).toBeNull();
    expect(rules('http://127.0.0.0/8').refusalOfAddress('public.example', '93.184.216.34', true)).toMatch(
      /https:\/\/ alone/,
    );
  });

  it('never holds what tells machines their secrets', () => {
    expect(refusal('https://169.254.169.254/', '169.254.0.0/16', '0.0.0.0/0')).toMatch(never);
    expect(rules('metadata.corp.example').refusalOfAddress('metadata.corp.example', '169.254.169.254', false)).toMatch(
      never,
    );
  });

  it.each(['10.0.0.0/40', '1.2.3', '0x7f.1', 'a b', 'host/8', '*.example'])('%s is refused by name', (entry) => {
    expect(() => allowList([entry])).toThrow(entry);
  });

  it('may be a name of hexadecimal letters', () => {
    expect(rules('beef.cafe').refusalOfAddress('beef.cafe', '10.0.0.1', false)).toBeNull();
  });
});

it('compares names without the dot of the root and the brackets of IPv6', () => {
  expect(['LOCALHOST.', '[::1]', 'a.example'].map(plainHost)).toEqual(['localhost', '::1', 'a.example']);
});
