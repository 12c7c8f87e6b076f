// Entries of the audit log, as somebody would make them.

import type { AuditStep } from '../../src/model/audit.ts';
import { organizationId } from '../../src/model/ids.ts';
import type { NewAuditEntry } from '../../src/store/audit-log.ts';

export const anEntry = (other: Partial<NewAuditEntry> = {}): NewAuditEntry => ({
  actor: { kind: 'api_key', id: 'key_1', name: 'desk' },
  organization: organizationId('acme'),
  action: 'editTarget',
  subjects: { target_id: 'tgt_1' },
  trace: 'a'.repeat(32),
  step: asked,
  ...other,
});

const asked: AuditStep = { kind: 'asked', given: ['/limits'] };
