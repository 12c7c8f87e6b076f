/** What a setup link comes to: the report of a test, the way on to Microsoft, and why there is nothing to see. */

import type { Check, CheckReport, Remedy } from '../../model/check.ts';
import type { Connection, ResolutionOwner } from '../../model/connection.ts';
import { triesWithinMinutes } from '../setup-links.ts';
import { type Html, html, noHtml } from './html.ts';
import { documentOf } from './pages.ts';

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
