/**
 * I4: what takes something away is written down with why, with the read that told it, and with what the tenant answered about each of them right before. An
 * undo asks nobody: it names the read that the run went by which it takes back, and the plan in which a person saw it.
 */

import type { Cause, Evidence, Operation, Said, Why } from '../../src/model/operation.ts';

/** `isUndo`: it is done in the name of a plan that takes a run back. */
export const judgeProof = (operation: Operation, cause: Cause, isUndo: boolean): readonly string[] => {
  const reasons = reasonsOf(operation);
  if (reasons === null) return [];
  const what = `${operation.action} of ${operation.ref.id} (${cause.why})`;
  const isReason = isUndo ? cause.why === 'undo' : reasons.includes(cause.why);
  const { evidence } = cause;
  return [
    ...(isReason ? [] : [`${what} is for no reason to take anything away`]),
    ...(cause.version > 0 ? [] : [`${what} goes by no version of the snapshot`]),
    ...(evidence === null
      ? [`${what} rests on nothing`]
      : [...ofRead(evidence), ...ofAnswer(operation, evidence, isUndo)].map((lack) => `${what} ${lack}`)),
  ];
};

const ofRead = ({ version, run, read }: Evidence): readonly string[] => {
  if (version === null) return ['names no version that has it'];
  return run === null || read === null ? [`does not say which read told version ${version}`] : [];
};

const ofAnswer = (operation: Operation, { confirmed }: Evidence, isUndo: boolean): readonly string[] => {
  if (isUndo) return [];
  if (confirmed === null) return ['does not say what the tenant answered'];
  const about = 'members' in operation ? operation.members.length : 1;
  const absent = absences[operation.action];
  const said = absent.reduce((sum, word) => sum + (confirmed.said[word] ?? 0), 0);
  return said === about
    ? []
    : [`is about ${about}, and of ${said} the tenant said so: ${JSON.stringify(confirmed.said)}`];
};

const gone: readonly Why[] = ['soft_deleted', 'deleted', 'out_of_scope', 'missing'];
/** Null where nothing is taken away. */
const reasonsOf = ({ action }: Operation): readonly Why[] | null => {
  switch (action) {
    case 'disable':
      return [...gone, 'disabled_in_source'];
    case 'delete':
      return gone;
    case 'remove_members':
      return ['members', 'leavers'];
    default:
      return null;
  }
};

const absent: readonly Said[] = ['gone', 'out_of_scope', 'deleted'];
const absences: Readonly<Record<Operation['action'], readonly Said[]>> = {
  create: [],
  update: [],
  add_members: [],
  disable: [...absent, 'disabled'],
  delete: absent,
  remove_members: [...absent, 'not_a_member'],
};
