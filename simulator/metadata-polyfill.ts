/**
 * The injection container inside @peculiar/x509 refuses to load without the metadata reflection API, of which it uses three
 * functions. Import this before it.
 */

const kept = new WeakMap<object, Map<unknown, unknown>>();
const read = (key: unknown, target: object): unknown => kept.get(target)?.get(key);

if (!('getMetadata' in Reflect)) {
  Object.assign(Reflect, {
    getMetadata: read,
    getOwnMetadata: read,
    defineMetadata(key: unknown, value: unknown, target: object): void {
      const entries = kept.get(target) ?? new Map<unknown, unknown>();
      kept.set(target, entries.set(key, value));
    },
  });
}
