/** How MongoDB goes about the queries that a piece of work sends. */

import { z } from 'zod';
import type { Mongo } from '../../src/store/mongo/connect.ts';

/** `looked`: how many documents were looked at. */
export type QueryPlan = {
  readonly collection: string;
  readonly stages: readonly string[];
  readonly indexes: readonly string[];
  readonly looked: number;
};

const found = z.object({
  queryPlanner: z.object({ winningPlan: z.unknown() }),
  executionStats: z.object({ totalDocsExamined: z.number() }),
});

/** Each query is asked again to be explained, so whatever was removed meanwhile is not there any more. */
export const plansOf = async <T>(
  mongo: Mongo,
  work: () => Promise<T>,
): Promise<{ readonly found: T; readonly plans: readonly QueryPlan[] }> => {
  const asked: object[] = [];
  const client = mongo.connection.getClient();
  const note = ({ commandName, command }: { readonly commandName: string; readonly command: object }): void => {
    if (commandName === 'find') asked.push(command);
  };
  client.on('commandStarted', note);
  const answer = await work();
  client.off('commandStarted', note);
  const plans: QueryPlan[] = [];
  for (const command of asked) plans.push(await planOf(mongo, command));
  return { found: answer, plans };
};

const planOf = async (mongo: Mongo, command: object): Promise<QueryPlan> => {
  const { find, filter, projection, sort, skip, limit } = Object(command);
  const explain = Object.fromEntries(
    Object.entries({ find, filter, projection, sort, skip, limit }).filter(([, value]) => value !== undefined),
  );
  const { queryPlanner, executionStats } = found.parse(
    await mongo.db.command({ explain, verbosity: 'executionStats' }),
  );
  const plan = JSON.stringify(queryPlanner.winningPlan);
  const named = (field: string): readonly string[] =>
    [...plan.matchAll(new RegExp(`"${field}":"(\\w+)"`, 'g'))].map(([, name = '']) => name);
  return {
    collection: String(find),
    stages: named('stage'),
    indexes: [...new Set(named('indexName'))],
    looked: executionStats.totalDocsExamined,
  };
};
