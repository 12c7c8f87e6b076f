/** Reports of checks as the API shows them. */

import { z } from 'zod';
import type { Check, CheckReport, Permission } from '../../../model/check.ts';
import type { ConnectionReport } from '../../connection-checks.ts';
import { owner, targetIdText } from './common.ts';

const permissionSchema = z
  .strictObject({
    name: z.string().meta({ description: 'The least privileged permission that does.' }),
    why: z.string(),
    granted: z.boolean().nullable().meta({
      description: 'Whether the token names it, or one that includes it; null when the token cannot be read.',
    }),
    as_good: z.array(z.string()).meta({ description: 'Others that allow it as well, and no more than is needed.' }),
    more_than_needed: z.array(z.string()).meta({
      description:
        'Others that allow it as well, and more than is needed: enough where one is granted anyway, none to ask for.',
    }),
  })
  .meta({ id: 'Permission' });

const checkSchema = z
  .strictObject({
    name: z.string(),
    ok: z.boolean(),
    state: z.enum(['passed', 'warning', 'failed']).meta({
      description: '`warning`: it works, and somebody should do something all the same.',
    }),
    detail: z.string(),
    permission: permissionSchema.nullable(),
    code: z.string().nullable().meta({ description: 'What is wrong; stable. Codes of Microsoft are handed on.' }),
    resolution_owner: owner.nullable(),
    to_do: z.string().nullable(),
    link: z
      .string()
      .nullable()
      .meta({ description: 'The page where it is done, such as that of the permissions of the application.' }),
  })
  .meta({ id: 'Check' });

export const checkReportSchema = z
  .strictObject({ ok: z.boolean(), checks: z.array(checkSchema) })
  .meta({ id: 'CheckReport' });

export const connectionReportSchema = checkReportSchema
  .extend({
    targets: z.array(
      z.strictObject({ target_id: targetIdText, name: z.string(), ok: z.boolean(), checks: z.array(checkSchema) }),
    ),
  })
  .meta({ id: 'ConnectionReport' });

export const checkReportView = ({ ok, checks }: CheckReport): z.input<typeof checkReportSchema> => ({
  ok,
  checks: checks.map(checkView),
});

export const connectionReportView = (report: ConnectionReport): z.input<typeof connectionReportSchema> => ({
  ...checkReportView(report),
  targets: report.targets.map(({ target, report: ofTarget }) => ({
    target_id: target.id,
    name: target.name,
    ...checkReportView(ofTarget),
  })),
});

const permissionView = ({ asGood, moreThanNeeded, ...permission }: Permission): z.input<typeof permissionSchema> => ({
  ...permission,
  as_good: [...asGood],
  more_than_needed: [...moreThanNeeded],
});

const checkView = ({ name, ok, detail, permission, remedy }: Check): z.input<typeof checkSchema> => ({
  name,
  ok,
  state: ok ? (remedy === undefined ? 'passed' : 'warning') : 'failed',
  detail,
  permission: permission === undefined ? null : permissionView(permission),
  code: remedy?.code ?? null,
  resolution_owner: remedy?.owner ?? null,
  to_do: remedy?.todo ?? null,
  link: remedy?.link ?? null,
});
