/** Where the time goes in the three things a worker mostly does: functions by their own share of the samples. */

import { z } from 'zod';
import { type Figures, figures } from './figures.ts';
import type { Lab } from './lab.ts';
import type { Options } from './options.ts';

export const profile = async (lab: Lab, { users, groups }: Options): Promise<string> => {
  const graph = await lab.graph([
    { users: 3_000, groups: 60 },
    { users, groups },
    { users: Math.min(users, 10_000), groups: 0 },
  ]);
  const [small, place, people] = graph.places;
  if (small === undefined || place === undefined || people === undefined) return '';
  const entrain = await lab.entrain(graph, { watched: true });
  const warmUp = await entrain.connect(small, false);
  for (let time = 0; time < 3; time += 1) await entrain.sync(warmUp, 'full');
  const connection = await entrain.connect(place, false);
  const parts = [
    section(`first full sync, ${users} users, ${groups} groups`, await entrain.sync(connection, 'full', true)),
  ];
  await entrain.sync(connection, 'full');
  parts.push(section('unchanged full sync of the same', await entrain.sync(connection, 'full', true)));
  const sink = await lab.target(0);
  const source = await entrain.connect(people, false);
  await entrain.sync(source, 'full');
  const ask = { connection: source, ...sink.settings, concurrency: 50 };
  const target = await entrain.call('addTarget', ask, z.string());
  parts.push(
    section(
      'provisioning of 10,000 creates, 0 ms',
      await entrain.call('provision', { target, profile: true }, figures),
    ),
  );
  return parts.join('\n\n');
};

const section = (title: string, took: Figures): string => {
  const rows = Object.entries(took)
    .filter(([name]) => name.startsWith('self '))
    .map(([name, share]) => `  ${(share * 100).toFixed(1).padStart(5)} %  ${name.slice(5)}`);
  const mongo = Object.entries(took)
    .filter(([name, ms]) => name.startsWith('mongo ') && ms >= 10)
    .sort(([, a], [, b]) => b - a)
    .map(([name, ms]) => `  ${Math.round(ms).toString().padStart(5)} ms ${name}`);
  const others = Object.entries(took).filter(([name]) => !/^(self|mongo) /.test(name));
  const line = others.map(([name, value]) => `${name} ${Math.round(value)}`).join(', ');
  return [title, `  ${line}`, ...mongo, ...rows].join('\n');
};
