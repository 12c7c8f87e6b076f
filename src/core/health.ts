/**
 * Decides how a connection is, as people are told who look at it first. It is healthy once its tenant was read and nothing is known against it since: that
 * nothing was tried is no good news.
 */

import type { CheckReport } from '../model/check.ts';
import type { Connection, Problem, ResolutionOwner, Trouble } from '../model/connection.ts';
import { endAhead } from './credential-life.ts';
import { timeText } from './wording.ts';

/** `waiting`: nothing is known against it, and nobody was read yet. `degraded`: it goes on, not as it should. `blocked`: nothing is read. */
export const healthStatuses = ['healthy', 'waiting', 'degraded', 'blocked', 'paused'] as const;
export type Health = {
  readonly status: (typeof healthStatuses)[number];
  readonly code: string | null;
  readonly description: string;
  /** Who can mend it; null: nothing is to be mended. */
  readonly owner: ResolutionOwner | null;
};

/** What is still to be done since the database was put back from a backup; null: nothing is. */
export type Recovering = { readonly waitsFor: 'full_sync' | 'plans' } | null;

type Looked = Pick<Connection, 'state' | 'problem' | 'trouble' | 'firstReadAt' | 'credentials' | 'credentialUse'>;

export const healthOf = (connection: Looked, recovering: Recovering, now: Date): Health => {
  const { state, problem } = connection;
  switch (state) {
    case 'active':
      return healthOfActive(connection, recovering, now);
    case 'pending':
      return {
        status: 'blocked',
        code: 'credentials_missing',
        owner: 'your_team',
        description:
          'It has no credentials yet. Give it some, or make a consent link or a setup link for whoever does.',
      };
    case 'quarantined':
      return problem === null
        ? { status: 'blocked', code: null, owner: null, description: 'It is held back.' }
        : { status: 'blocked', ...saidOf(problem) };
    case 'paused':
    case 'deleting':
      return {
        status: 'paused',
        code: problem?.code ?? null,
        owner: problem?.owner ?? null,
        description: state === 'paused' ? 'Somebody paused it.' : 'It is being removed.',
      };
  }
};

/** What a check leaves on record: nothing of what a run did, which the next run shows. One that passes takes back what a check found. */
export const troubleAfterCheck = (before: Trouble | null, report: CheckReport, now: Date): Trouble | null => {
  if (before?.found === 'run') return before;
  const problem = problemIn(report);
  return problem === null ? null : { problem, found: 'check', since: now };
};

/** What a run leaves on record that came to no end, or has to wait for it: since when nothing was read is told of the first in a row. */
export const troubleAfterRun = (before: Trouble | null, problem: Problem, now: Date): Trouble => {
  if (before?.found !== 'run') return { problem, found: 'run', since: now };
  return before.problem.code === problem.code ? before : { problem, found: 'run', since: before.since };
};

/** Whether others are told of it: what they were told already stays what it is, whoever found it. What is held back or at rest is not `degraded`. */
export const isNewTrouble = (
  { state, trouble }: Pick<Connection, 'state' | 'trouble'>,
  { problem }: Trouble,
): boolean => state === 'active' && trouble?.problem.code !== problem.code;

/** Whether what others were told is over, now that a sync was committed, or a check passed. */
export const isWellAgain = ({
  state,
  problem,
  trouble,
}: Pick<Connection, 'state' | 'problem' | 'trouble' | 'toldUnwell'>): boolean =>
  state === 'active' && problem === null && trouble === null;

/** What a report comes to: the first of what failed; null where nothing did. */
export const problemIn = ({ checks }: Pick<CheckReport, 'checks'>): Problem | null => {
  const failed = checks.find((check) => !check.ok);
  if (failed === undefined) return null;
  const { code, owner, todo } = failed.remedy;
  return { code, message: `${failed.detail} ${todo}`, owner };
};

const healthOfActive = (connection: Looked, recovering: Recovering, now: Date): Health => {
  const { problem, trouble, firstReadAt } = connection;
  if (problem !== null) return { status: 'degraded', ...saidOf(problem) };
  if (trouble !== null) return troubled(trouble);
  if (recovering !== null) return recoveringHealth(recovering);
  const ending = endingHealth(connection, now);
  if (ending !== null) return ending;
  if (firstReadAt === null)
    return {
      status: 'waiting',
      code: 'not_read_yet',
      description: 'The tenant was not read yet, one group of it at most; the first sync is to come.',
      owner: null,
    };
  return { status: 'healthy', code: null, description: 'Nothing is wrong.', owner: null };
};

const saidOf = ({ code, owner, message }: Problem) => ({ code, owner, description: message });

const troubled = ({ problem, found, since }: Trouble): Health => {
  const said =
    found === 'run' ? `Since ${timeText(since)} no sync was committed` : `The check of ${timeText(since)} failed`;
  return { status: 'degraded', ...saidOf(problem), description: `${said}: ${problem.message}` };
};

const recoveringHealth = ({ waitsFor }: NonNullable<Recovering>): Health => ({
  status: 'degraded',
  code: 'database_restored',
  description:
    waitsFor === 'full_sync'
      ? 'The database was put back from a backup. Nothing is written to any target before the tenant was read whole.'
      : 'The database was put back from a backup. Nothing is written to a target before somebody has approved its plan.',
  owner: 'your_team',
});

/** Everything works, and will not for long; null: that is not so. */
const endingHealth = (connection: Looked, now: Date): Health | null => {
  const end = endAhead(connection, now);
  if (end === null) return null;
  const day = end.endsAt.toISOString().slice(0, 10);
  const isOver = end.stage === 'ended';
  const isOurs = connection.credentials?.kind === 'admin_consent';
  return {
    status: 'degraded',
    code: 'credentials_end_soon',
    owner: isOurs ? 'your_team' : 'customer_it',
    description: isOurs
      ? `The secret or certificate of your own application ${isOver ? 'should have ended' : 'ends'} on ${day}. Set another one for API and workers.`
      : `The credentials ${isOver ? 'should have ended' : 'end'} on ${day}, and there are no others. Give the connection a second one.`,
  };
};
