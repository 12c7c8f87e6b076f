/** /v1/audit */

import { z } from 'zod';
import { pageActions } from '../../../model/audit.ts';
import { organizationId } from '../../../model/ids.ts';
import type { AuditFilter, KeptEntry } from '../../../store/audit-log.ts';
import type { FilterWithin } from '../../stores-within.ts';
import { answerPage, counted, pageOf, paging } from '../paging.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { auditEntrySchema, auditEntryView, stepText } from '../schemas/audit.ts';
import { organizationIdText, plainText } from '../schemas/common.ts';

const tag = 'Audit';
const path = '/v1/audit';

const filtersOn = (actions: ReadonlySet<string>) => ({
  organization_id: organizationIdText.optional(),
  actor_id: plainText(200)
    .optional()
    .meta({ description: 'Who: the id of their key, or the name of a configured one.' }),
  // A misspelt one would find nothing, which reads like nobody ever did it.
  action: z
    .string()
    .refine(
      (text) => actions.has(text),
      'is no operation id that the log goes by; GET /v1/openapi.json has them, and of two that are one act the first counts',
    )
    .optional()
    .meta({ description: 'What: an operation id. `explainById` is told as `explain`.' }),
  step: stepText.optional(),
  subject_id: plainText(200).optional().meta({ description: 'About what: an id, such as that of a target.' }),
  from: z.iso.datetime().optional(),
  until: z.iso.datetime().optional().meta({ description: 'Up to, and not including it.' }),
});

/** `others`: what all other operations are called in the log. */
export const auditRoutes = (others: readonly string[]): readonly Route[] => {
  const filters = filtersOn(new Set([...others, ...pageActions, 'listAudit', 'exportAudit']));
  return [
    defineRoute({
      method: 'get',
      path,
      id: 'listAudit',
      scope: 'audit',
      tag,
      summary: 'Lists who did what, newest first, with what was before and after',
      params: nothing,
      query: z.strictObject({ ...filters, ...paging }),
      body: nothing,
      answer: { status: 200, description: 'A page of entries.', schema: pageOf(auditEntrySchema) },
      refusals: [],
      handle: ({ query, commands }) => {
        const { limit: _, cursor: __, ...asked } = query;
        const filter = filterOf(asked);
        return answerPage(
          `audit ${JSON.stringify(filter)}`,
          query,
          (after, limit) => commands.listAudit(filter, after, limit),
          auditEntryView,
          counted,
        );
      },
    }),
    defineRoute({
      method: 'get',
      path: `${path}/export`,
      id: 'exportAudit',
      isNoted: true,
      scope: 'audit',
      tag,
      summary: 'Exports the audit log, oldest first, an entry a line (NDJSON)',
      params: nothing,
      query: z.strictObject(filters),
      body: nothing,
      answer: { status: 200, description: 'All entries that are meant.', schema: auditEntrySchema, as: 'lines' },
      refusals: [],
      handle: async ({ query, commands }) => ({ status: 200, lines: linesOf(commands.scanAudit(filterOf(query))) }),
    }),
  ];
};

const filterOf = (asked: z.output<z.ZodObject<ReturnType<typeof filtersOn>>>): FilterWithin<AuditFilter> => ({
  ...(asked.organization_id === undefined ? {} : { organization: organizationId(asked.organization_id) }),
  ...(asked.actor_id === undefined ? {} : { actor: asked.actor_id }),
  ...(asked.action === undefined ? {} : { action: asked.action }),
  ...(asked.step === undefined ? {} : { step: asked.step }),
  ...(asked.subject_id === undefined ? {} : { subject: asked.subject_id }),
  ...(asked.from === undefined ? {} : { from: new Date(asked.from) }),
  ...(asked.until === undefined ? {} : { until: new Date(asked.until) }),
});

async function* linesOf(batches: AsyncIterable<readonly KeptEntry[]>): AsyncGenerator<string> {
  for await (const batch of batches) yield batch.map((entry) => `${JSON.stringify(auditEntryView(entry))}\n`).join('');
}
