/** The page of a setup link, in plain words for the administrators of a customer. */

import type { CloudInWords, Connection } from '../../model/connection.ts';
import { type Registered, registeredOf } from '../given-credentials.ts';
import type { Issue } from '../refused.ts';
import type { Setup } from '../setup-links.ts';
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
  { byConsent, connection, cloud, question }: Setup,
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
<form method="post" action="${address}/credentials" autocomplete="off"><input type="hidden" name="question" value="${question}">
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
