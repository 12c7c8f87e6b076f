/** The pages of whoever follows a consent link, in plain words for the administrators of a customer. */

import { spanText } from '../../core/wording.ts';
import type { Connection } from '../../model/connection.ts';
import type { Outcome } from '../consent-outcome.ts';
import { type Html, html } from './html.ts';
import { documentOf, htmlOf, type Page } from './pages.ts';

type Shown = Exclude<Outcome, { kind: 'sign_in' }>;

/** `confirmAddress`: what the form of a question is sent to. */
export const consentPage = (outcome: Shown, confirmAddress: string): string => {
  if (outcome.kind === 'to_confirm') return questionPage(outcome, confirmAddress);
  return outcome.kind === 'again' ? againPage(outcome) : htmlOf(endOf(outcome));
};

/** They go on when they like: a browser that did by itself would ask a login service that is too busy already. */
const againPage = ({ problem, url }: Extract<Shown, { kind: 'again' }>): string =>
  documentOf(
    'Not yet',
    html`<h1>Not yet</h1><p>${problem.message}</p>
<p>Nothing was changed. Wait a minute, and go on from here.</p><p><a class="button" href="${url}" rel="noreferrer">Try again</a></p>`,
  );

/** Whoever sent the link is known by nothing but this: what it is for stands on top, before what it does. */
const questionPage = (
  { question, tenant, name, state }: Extract<Shown, { kind: 'to_confirm' }>,
  confirmAddress: string,
): string =>
  documentOf(
    'Connect this tenant?',
    html`<h1>Connect this tenant?</h1>
<section><h2>For whom it is read</h2>
<p>Organization: <strong>${question.organization}</strong></p>
<p>Connection, as whoever made the link named it: <strong>${question.name}</strong></p></section>
<section><h2>What is read</h2>
<p>Tenant: ${name === null ? html`<code>${tenant}</code>` : html`<strong>${name}</strong> (<code>${tenant}</code>)`}</p>
${whoIsRead(question)}
<p>At most, of users: ${question.attributes.user.join(', ')}. Of groups: ${question.attributes.group.join(', ')}, and who is in them.</p>
<p>Nothing is ever written to your tenant.</p></section>
<p class="warn">Is the organization not yours, or did you expect no such link? Then close this page: nothing is read.</p>
<form method="post" action="${confirmAddress}"><input type="hidden" name="state" value="${state}"><button>Connect it for ${question.organization}</button></form>`,
  );

const whoIsRead = ({ scope }: Pick<Connection, 'scope'>): Html =>
  scope.kind === 'all'
    ? html`<p>Everybody in the tenant, and all groups.</p>`
    : html`<p>Only these groups and their members${scope.nested ? ', and the members of groups in them' : ''} are synced; by Object ID:</p><ul>${scope.groups.map((id) => html`<li><code>${id}</code></li>`)}</ul>`;

const endOf = (outcome: Exclude<Shown, { kind: 'to_confirm' | 'again' }>): Page => {
  switch (outcome.kind) {
    case 'connected':
      return {
        title: 'Connected',
        paragraphs: [
          `${outcome.tenant} is connected for ${outcome.connection.organization} (${outcome.connection.name}). Users and groups are read from now on, the first time within ${spanText(outcome.connection.refreshIntervalSecs)} or as soon as ${outcome.connection.organization} asks for it; nothing is ever written to your tenant.`,
          'You can close this page. To end it, remove the application under Enterprise applications in the Entra admin center.',
        ],
      };
    case 'waiting':
      return {
        title: 'Nearly connected',
        paragraphs: [
          `For ${outcome.connection.organization} (${outcome.connection.name}).`,
          outcome.problem.message,
          'You can close this page: it is checked again by itself.',
        ],
      };
    case 'failed':
      return {
        title: 'Not connected',
        paragraphs: [outcome.problem.message, `Nothing was changed. Code: ${outcome.problem.code}.`],
      };
  }
};

/** For a browser that does not go on by itself. */
export const onwardPage = (url: string): string =>
  documentOf('Done', html`<h1>Done</h1><p><a class="button" href="${url}" rel="noreferrer">Go on</a></p>`);

export const notHerePage = (): string =>
  htmlOf({
    title: 'Not connected',
    paragraphs: [
      'This address is where Microsoft sends you back to after you have given consent. Ask for a link to begin with.',
    ],
  });
export const elsewherePage = (): string =>
  htmlOf({
    title: 'Not connected',
    paragraphs: ['This was sent from another page. Nothing was done. Ask for a link, and follow it to its end.'],
  });
export const brokenPage = (trace: string): string =>
  htmlOf({
    title: 'Not connected',
    paragraphs: [
      'Something went wrong on our side. Ask for a new link and try again.',
      `If it stays, tell us: ${trace}.`,
    ],
  });
