/** The pages behind a setup link, in plain words for the administrators of a customer. */

import type { Check, CheckReport, Remedy } from '../../model/check.ts';
import type { CloudInWords, Connection, ResolutionOwner } from '../../model/connection.ts';
import { type Registered, registeredOf } from '../given-credentials.ts';
import type { Issue } from '../refused.ts';
import { type Setup, triesWithinMinutes } from '../setup-links.ts';
import { type Html, html, noHtml } from './html.ts';
import { documentOf } from './pages.ts';

/** What was typed in, less whatever is secret. */
export type Typed = Readonly<Partial<Record<'tenant_id' | 'client_id' | 'client_secret_ends_at' | 'way', string>>>;
/** `address`: where the page is, which is what its forms begin with. */
export type Shown = { readonly setup: Setup; readonly address: string };

export const guidePage = ({ setup, address }: Shown, typed: Typed = {}, issues: readonly Issue[] = []): string =>
  documentOf(
    'Connect your Microsoft Entra tenant',
    html`<h1>Connect your Microsoft Entra tenant</h1>
${forWhom(setup)}
<p>This page was made for ${setup.link.givenTo}, as whoever made it says, and works until ${dayAndTime(setup.link.expiresAt)}. You need no account. Users and groups of your tenant are <strong>read</strong>; nothing in it is ever changed.</p>
<p class="warn">Is the organization not yours, or did you expect no such link? Then close this page, and fill in nothing.</p>
${problemsOf(issues)}
${standing(setup.connection)}
${whatIsNeeded(setup)}
${whoIsRead(setup.connection)}
${whatIsRead(setup)}
${setup.byConsent ? consentPart(address) : noHtml}
${ownPart(setup, address, typed, issues)}
${setup.connection.credentials === null ? noHtml : testPart(address)}`,
    'with script',
  );

/** Whoever sent the link is known by nothing but this, and the rest is in their words: so it stands on top, before what is asked for. */
const forWhom = ({ connection: { organization, name }, cloud }: Setup): Html =>
  html`<section><h2>For whom it is read</h2>
<p>Organization: <strong>${organization}</strong></p>
<p>Connection, as whoever made the link named it: <strong>${name}</strong></p>
<p>Where your tenant is, as they said: <strong>${cloud.title}</strong>. If it is in another cloud, tell your contact before you go on.</p></section>`;

const dayAndTime = (time: Date): string => `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const problemsOf = (issues: readonly Issue[]): Html =>
  issues.length === 0
    ? noHtml
    : html`<section role="alert"><h2 class="bad">✗ Not kept yet</h2><ul>${issues.map(({ pointer, detail }) => {
        const name = fieldNames[pointer];
        return html`<li>${name === undefined ? noHtml : html`<a href="#${idOf(pointer)}">${name}</a>: `}${detail}</li>`;
      })}</ul></section>`;

const fieldNames: Readonly<Record<string, string>> = {
  '/tenant_id': 'Directory (tenant) ID',
  '/client_id': 'Application (client) ID',
  '/client_secret': 'Value of the secret',
  '/client_secret_ends_at': 'The secret ends on (optional)',
  '/certificate': 'Certificate',
  '/certificate/pfx': 'Certificate file',
};

const idOf = (pointer: string): string => pointer.slice(1).replaceAll('/', '-');

const standing = ({ credentials, tenantId, state }: Connection): Html =>
  credentials === null || tenantId === null
    ? noHtml
    : html`<section><h2><span class="${state === 'active' ? 'good' : 'warn'}">${state === 'active' ? '✓ Connected' : '! Connected, and not in use now'}</span></h2>
<p>Tenant <code>${tenantId}</code>, application <code>${credentials.clientId}</code>. ${
        'endsAt' in credentials && credentials.endsAt !== undefined
          ? html`Its secret or certificate ends on ${credentials.endsAt.toISOString().slice(0, 10)}.`
          : noHtml
      } You can test the connection below, or give it another secret or certificate. What is stored is never shown.</p></section>`;

/** A narrow screen breaks a name at its dots. */
const copied = (value: string): Html =>
  html`<code>${value.split('.').map((part, nth) => (nth === 0 ? part : html`.<wbr>${part}`))}</code><button class="copy" type="button" data-copy="${value}" hidden aria-label="Copy ${value}">Copy</button>`;

const whatIsNeeded = ({ needed }: Setup): Html =>
  html`<section><h2>Permissions</h2>
<p>Application permissions of Microsoft Graph, with admin consent. Nothing that ends in <code>ReadWrite</code> is needed; please do not grant it.</p>
<table><thead><tr><th scope="col">permission</th><th scope="col">needed</th><th scope="col">why</th></tr></thead><tbody>
${needed.map(
  ({ permission: { name, why }, required }) =>
    html`<tr><td><input type="checkbox" aria-label="${name} is granted"> ${copied(name)}</td><td>${required ? html`<span class="good">✓ yes</span>` : 'if you like'}</td><td>${why}</td></tr>\n`,
)}</tbody></table><p class="mild">The boxes are for you to tick off; nothing depends on them.</p></section>`;

const whoIsRead = ({ scope }: Connection): Html =>
  html`<section><h2>Who is read</h2>${
    scope.kind === 'all'
      ? html`<p>Everybody in the tenant, and all groups. To begin with a test group, tell your contact its Object ID before you go on.</p>`
      : html`<p>Only ${scope.groups.length === 1 ? 'this group and its members' : 'these groups and their members'}${scope.nested ? ', and the members of groups in them' : ''}; nobody else is synced. By Object ID:</p><ul>${scope.groups.map((id) => html`<li>${copied(id)}</li>`)}</ul>`
  }</section>`;

const whatIsRead = ({ attributes: { user, group } }: Setup): Html =>
  html`<section><h2>What is read of them</h2>
<p>At most, of users: ${user.join(', ')}.</p><p>Of groups: ${group.join(', ')}, and who is in them.</p></section>`;

const consentPart = (address: string): Html =>
  html`<section><h2>Either: approve it</h2>
<p>As <em>Global Administrator</em> or <em>Privileged Role Administrator</em> you can approve the permissions on a page of Microsoft. There is no secret to make, to hand over or to renew.</p>
<form method="post" action="${address}/consent"><button>Go on to Microsoft</button></form></section>`;

const ownPart = (
  { byConsent, connection, cloud }: Setup,
  address: string,
  typed: Typed,
  issues: readonly Issue[],
): Html => {
  const field = (name: string, given: string | undefined, more: Html) => inputOf(`/${name}`, given, more, issues);
  const registered = registeredOf(connection);
  const isCertificate = typed.way === 'certificate';
  return html`<section><h2>${byConsent ? 'Or: with an application of your own' : 'With an application of your own'}</h2>
<ol>
<li>In the ${adminCenterOf(cloud)}, <strong>App registrations › New registration</strong>. Name: ${copied('People and group sync')}. Supported account types: <em>Accounts in this organizational directory only</em>. Redirect URI: none; leave it empty.</li>
<li><strong>API permissions › Add a permission › Microsoft Graph › Application permissions</strong>: those above. Then <strong>Grant admin consent</strong>.</li>
<li><strong>Certificates &amp; secrets</strong>: make a client secret and note the day it ends on, or upload the public part of a certificate.</li>
<li>Fill in what follows. It is tested at once, and kept once the test passes: encrypted, and shown again by nothing.</li>
</ol>
<form method="post" action="${address}/credentials" autocomplete="off">
${field('tenant_id', connection.tenantId ?? typed.tenant_id ?? '', html`required maxlength="253" spellcheck="false"${connection.tenantId === null ? noHtml : html` readonly`}`)}
${connection.tenantId === null ? noHtml : html`<p class="mild">The connection is for this tenant. If it is not yours, close this page.</p>`}
${field('client_id', typed.client_id ?? registered?.clientId, html`required maxlength="36" spellcheck="false"`)}
${registered === null ? noHtml : otherApplication(registered)}
<fieldset><legend>How the application proves who it is</legend>
<label class="choice"><input type="radio" name="way" value="client_secret"${isCertificate ? '' : html` checked`}> a client secret</label>
<label class="choice"><input type="radio" name="way" value="certificate"${isCertificate ? html` checked` : ''}> a certificate with its private key</label>
<div class="by-secret">${field('client_secret', undefined, html`type="password" maxlength="1000" autocomplete="new-password"`)}
<p class="mild">The <em>Value</em>, not the <em>Secret ID</em>.</p>
${field('client_secret_ends_at', typed.client_secret_ends_at, html`type="date"`)}
<p class="mild">So that you are told in time. Without the day it is known only where <code>Application.Read.All</code> is granted.</p></div>
<div class="by-certificate"><label for="certificate">Certificate and private key, PEM</label>
<textarea id="certificate" name="certificate" rows="4" maxlength="20000" spellcheck="false"${invalid('/certificate', issues)}></textarea>
<div id="with-file" hidden><label for="certificate-pfx">or a PFX file</label><input id="certificate-pfx" type="file" accept=".pfx,.p12"${invalid('/certificate/pfx', issues)}>
<input id="pfx" type="hidden" name="pfx"><label for="pfx_password">and its password</label><input id="pfx_password" name="pfx_password" type="password" maxlength="1000" autocomplete="new-password"></div></div>
</fieldset><button>Test and keep</button></form></section>`;
};

/** A mistyped id may be that of another application, and a secret of it at hand. */
const otherApplication = ({ clientId, second }: Registered): Html =>
  html`<label class="choice"><input type="checkbox" name="other_application" value="yes"> It is another application than <code>${clientId}</code>, and takes its place${second === undefined ? '' : ', and that of its second credential'}</label>`;

const adminCenterOf = ({ adminCenter }: CloudInWords): Html =>
  adminCenter === null
    ? html`Entra admin center of your cloud`
    : html`<a href="${adminCenter}" rel="noreferrer" target="_blank">Entra admin center</a> (${adminCenter})`;

const invalid = (pointer: string, issues: readonly Issue[]): Html =>
  issues.some((issue) => issue.pointer === pointer) ? html` aria-invalid="true"` : noHtml;

const inputOf = (pointer: string, value: string | undefined, more: Html, issues: readonly Issue[]): Html => {
  const id = idOf(pointer);
  return html`<label for="${id}">${fieldNames[pointer] ?? id}</label><input id="${id}" name="${id}" value="${value ?? ''}" ${more}${invalid(pointer, issues)}>`;
};

const testPart = (address: string): Html =>
  html`<section><h2>Test the connection</h2><p>Asks for a token and makes one real call for each permission. Nothing is changed by it.</p>
<form method="post" action="${address}/test"><button>Test</button></form></section>`;

/**
 * `kept`: what was typed in passed, and is kept from now on; `not_kept`: it did not; `tested`: what was kept before was tested; `mended`: and passed, while
 * the connection is held back.
 */
export const reportPage = (
  { organization }: Connection,
  report: CheckReport,
  about: 'kept' | 'not_kept' | 'tested' | 'mended',
  address: string,
): string => {
  const title = titles[about][report.ok ? 'good' : 'bad'];
  return documentOf(
    title,
    html`<h1 class="${report.ok ? 'good' : 'bad'}">${report.ok ? '✓' : '✗'} ${title}</h1><p>Organization: <strong>${organization}</strong></p><p>${explained[about]}</p>
<section><ul class="lines">${report.checks.map(lineOf)}</ul></section><p><a class="button" href="${address}">${report.ok ? 'Back' : 'Back, to try again'}</a></p>`,
  );
};

const titles = {
  kept: { good: 'Connected', bad: 'Not connected yet' },
  not_kept: { good: 'Connected', bad: 'Not connected yet' },
  tested: { good: 'Everything works', bad: 'Something is missing' },
  mended: { good: 'Everything works', bad: 'Something is missing' },
} as const;

const explained = {
  kept: 'The test passed, and what you gave is kept. You can close this page.',
  not_kept:
    'The test did not pass, so nothing of what you gave was kept. Consent that was just granted can take some minutes to arrive.',
  tested: 'This is what was found just now.',
  mended:
    'This is what was found just now. The connection was held back: within a minute or two it is tested once more by itself, and then used again.',
} as const;

const lineOf = (check: Check): Html => {
  const { name, detail } = check;
  const remedy = check.remedy && (mistyped[check.remedy.code] ?? check.remedy);
  const mark = markOf(check);
  return html`<li><span class="mark ${mark.color}" aria-hidden="true">${mark.sign}</span><strong>${name}</strong> <span class="${mark.color}">${mark.word}</span><br>${detail}${
    remedy === undefined
      ? noHtml
      : html`<br><strong>${owners[remedy.owner]}</strong>: ${remedy.todo}${remedy.link === null ? noHtml : html` <a href="${remedy.link}" rel="noreferrer" target="_blank">Do it here</a>.`} <span class="mild">(${remedy.code})</span>`
  }</li>\n`;
};

/** Who reads this page has typed the tenant in; elsewhere it is for whoever keeps the connection to look into. */
const wrongTenant = (code: string): Remedy => ({
  code,
  owner: 'customer_it',
  todo: 'Compare the Directory (tenant) ID with that in the Entra admin center (Overview), and the cloud with the one on top of the page. Where both are right, tell your contact.',
  link: null,
});
const mistyped: Readonly<Record<string, Remedy>> = Object.fromEntries(
  ['AADSTS90002', 'AADSTS900021', 'AADSTS900023', 'AADSTS90038'].map((code) => [code, wrongTenant(code)]),
);

const markOf = ({ ok, remedy }: Check) => {
  if (!ok) return { sign: '✗', word: 'failed', color: 'bad' } as const;
  return remedy === undefined
    ? ({ sign: '✓', word: 'passed', color: 'good' } as const)
    : ({ sign: '!', word: 'works; something is to be done', color: 'warn' } as const);
};

const owners: Readonly<Record<ResolutionOwner, string>> = {
  customer_it: 'You can mend it',
  your_team: 'Your contact has to mend it',
  microsoft: 'It is with Microsoft',
  target_vendor: 'It is with the maker of the product',
};

export const onwardPage = (url: string, address: string): string =>
  documentOf(
    'Approve it at Microsoft',
    html`<h1>Approve it at Microsoft</h1>
<p>Sign in as an administrator who may grant permissions, look at them, and choose <em>Accept</em>. You are asked once more which account to use: that is how we know that you are an administrator of the tenant. The last page says whether it is connected.</p>
<p><a class="button" href="${url}" rel="noreferrer">Go on to Microsoft</a></p><p class="mild">This can be done once, within an hour. <a href="${address}">Back</a></p>`,
  );

const plain = (title: string, ...paragraphs: readonly string[]): string =>
  documentOf(title, html`<h1>${title}</h1>${paragraphs.map((text) => html`<p>${text}</p>`)}`);

export const overPage = (): string =>
  plain(
    'This link is over',
    'It worked until a certain day, for safety. Ask your contact for a new one.',
    'What was set up by it stays as it is.',
  );
export const unknownPage = (): string =>
  plain(
    'This link is not known',
    'It was replaced by a newer one or ended, or a part of it got lost on the way. Ask your contact for a new one.',
  );
export const tooOftenPage = (): string =>
  plain('Too many tries', `Nothing was sent. Try again in ${triesWithinMinutes} minutes: each try asks Microsoft.`);
export const elsewherePage = (): string =>
  plain(
    'This was sent from another page',
    'Nothing was done. Open the link you were sent, and send the form from there.',
  );
export const refusedPage = (detail: string, address: string): string =>
  documentOf(
    'This cannot be done',
    html`<h1>This cannot be done</h1><p>${detail}</p><p><a class="button" href="${address}">Back</a></p>`,
  );
export const brokenPage = (trace: string): string =>
  plain('Something went wrong on our side', 'Try again in a minute.', `If it stays, tell your contact: ${trace}.`);
