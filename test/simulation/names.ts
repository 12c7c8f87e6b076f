/** What may be named to happen: a fault (`kind@site#nth`), or what chance plans ahead. */

import { faultKinds, partsOf } from './faults.ts';

/** Whether a run of some seed may have it. Which sites there are, and which customers, only the run itself knows. */
export const isName = (name: string): boolean =>
  name.includes('@')
    ? /^\w+@.+#\d+$/.test(name) && faultKinds.some((kind) => kind === partsOf(name).kind)
    : planned.test(name);

const ofTenant = 'edit of tenant|edit at target|mistake in tenant|replica behind';
const ofOperator = '(?:act of|amendment of|preview by|protection by|approvals by|safeguards by) operator';
const ofSystem = '(?:lost (?:route|PATCH|switch-off|permission) of|groups off at) \\S+';
const planned = new RegExp(
  `^(?:(?:(?:${ofTenant}|${ofOperator}) \\d+|${ofSystem}|loss of the queue|database put back)#\\d+|loss of the queue in the end|the end comes early)$`,
);
