/** Where the first key is left for whoever set Entrain up: a file that nobody else reads, and that takes no other file's place. */

import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, open, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Says whether a key was made. Where none was, a start with a file that can be written makes it. */
export class KeyFileRefused extends Error {
  override readonly name = 'KeyFileRefused';
}

export type KeyFile = {
  /** Puts it there. Throws `KeyFileRefused`, which says where it lies, when it cannot. */
  readonly place: () => Promise<void>;
  /** Takes it away: it was not the first. */
  readonly drop: () => Promise<void>;
};

/** Durable beside its place, so that what it is the key of may be made. Throws `KeyFileRefused` where something is there already, or nothing can be. */
export const draftKeyFile = async (path: string, key: string): Promise<KeyFile> => {
  if (await isThere(path))
    throw new KeyFileRefused(
      `ENTRAIN_FIRST_KEY_FILE names ${path}, where a file is already, and no key was ever made here. It is left as it is: move it away, or name another file.`,
    );
  const draft = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${key}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    await unlink(draft).catch(() => {});
    throw new KeyFileRefused(
      `ENTRAIN_FIRST_KEY_FILE names ${path}, which cannot be written. Its folder has to be there, and the server has to be let write to it.`,
      { cause },
    );
  }
  return {
    place: async () => {
      try {
        // Where something is by now this fails, as renaming would not.
        await link(draft, path);
      } catch (cause) {
        throw new KeyFileRefused(`The first key was made, and could not be put at ${path}. It lies in ${draft}.`, {
          cause,
        });
      }
      await unlink(draft);
    },
    drop: () => unlink(draft),
  };
};

const isThere = async (path: string): Promise<boolean> => {
  try {
    await access(path, constants.F_OK);
    return true;
  } catch {
    return false;
  }
};
