import { createMemoryAuditLog } from '../../../src/store/memory/audit-log.ts';
import { auditLogContract } from '../../contract/audit-log-contract.ts';

auditLogContract(async (now) => {
  const log = createMemoryAuditLog(now);
  return () => log;
});
