/**
 * The links of a target as its rules name what they hold. A mapping is gone by in the one spelling of its paths; what an account was told is kept as it was
 * spelled then, and whoever compared the two would find everybody changed after an upgrade.
 */

import { linkByPath } from '../core/target-paths.ts';
import type { PathOf, TargetPath } from '../model/mapping.ts';
import type { Link } from '../model/operation.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Engine } from './engine.ts';

/** For all that is done with this one target. What is settled by such a link is kept in the spelling of now. */
export const linksByPath = <E extends Pick<Engine, 'stores' | 'targetPaths'>>(
  engine: E,
  { kind }: Pick<TargetRecord, 'kind'>,
): E => {
  const { ledger } = engine.stores;
  const asked = engine.targetPaths(kind);
  // The same few paths of a great many links.
  const known = new Map<string, TargetPath>();
  const pathOf: PathOf = (type, text, use) => {
    const key = `${type}|${use}|${text}`;
    const said = known.get(key) ?? asked(type, text, use);
    known.set(key, said);
    return said;
  };
  const named = (link: Link): Link => linkByPath(link, pathOf);
  const byKey = <K>(links: ReadonlyMap<K, Link>): ReadonlyMap<K, Link> =>
    new Map([...links].map(([key, link]) => [key, named(link)]));
  async function* each(batches: AsyncIterable<readonly Link[]>): AsyncIterable<readonly Link[]> {
    for await (const links of batches) yield links.map(named);
  }
  return {
    ...engine,
    stores: {
      ...engine.stores,
      ledger: {
        ...ledger,
        links: async (target, refs) => byKey(await ledger.links(target, refs)),
        about: async (target, refs) =>
          new Map(
            [...(await ledger.about(target, refs))].map(([id, about]) => [
              id,
              about.link === null ? about : { ...about, link: named(about.link) },
            ]),
          ),
        linkedRemotes: async (target, type, ids) => {
          const claims = await ledger.linkedRemotes(target, type, ids);
          return { ...claims, links: byKey(claims.links) };
        },
        scanLinks: (target, type, after) => each(ledger.scanLinks(target, type, after)),
        disabledBefore: (target, before) => each(ledger.disabledBefore(target, before)),
      },
    },
  };
};
