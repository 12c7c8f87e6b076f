/** The settings of targets as people give them. Stored secrets go with the stored address only: sent to a new one, they would be given away. */

import type { JsonObject, TargetRecord } from '../model/target-record.ts';
import type { Secrets } from '../store/connection-store.ts';
import { type Address, type GivenSettings, type ParsedTarget, SettingsRefused } from '../target/target.ts';
import { invalid } from './refused.ts';
import type { Room } from './room.ts';

type Parsing = Pick<Room, 'parseTarget' | 'egress'>;

/** Throws `Refused`, naming each field that cannot be. */
export const parsedSettings = ({ parseTarget, egress }: Parsing, kind: string, given: GivenSettings): ParsedTarget => {
  try {
    const parsed = parseTarget(kind, given);
    refuseUncallable(egress, parsed.address);
    return parsed;
  } catch (error) {
    if (!(error instanceof SettingsRefused)) throw error;
    throw invalid(...error.issues.map(({ pointer, message }) => ({ pointer, detail: message })));
  }
};

/** `isMoved`: they lead to another address. Then each secret has to be given again. */
export type ChangedSettings = Pick<ParsedTarget, 'settings' | 'secrets'> & { readonly isMoved: boolean };

/**
 * What is given replaces what is stored; null takes it away. `stored` null: the secrets cannot be opened, as when somebody edited the settings in the
 * database. Then nothing that is stored is believed, and all of it is given again: a secret that is entered anew is not to go where they point to now.
 */
export const changedSettings = (
  room: Parsing,
  { kind, settings }: Pick<TargetRecord, 'kind' | 'settings'>,
  stored: Secrets | null,
  changes: JsonObject,
): ChangedSettings => {
  if (stored === null) {
    const parsed = parsedSettings(room, kind, merged({}, changes));
    const place = storedPlace(room, kind, { ...settings, ...parsed.secrets });
    return { settings: parsed.settings, secrets: parsed.secrets, isMoved: placeOf(parsed.address) !== place };
  }
  const kept = { ...settings, ...stored };
  const parsed = parsedSettings(room, kind, merged(kept, changes));
  const isMoved = placeOf(parsed.address) !== storedPlace(room, kind, kept);
  const notAgain = isMoved ? Object.keys(parsed.secrets).filter((field) => !Object.hasOwn(changes, field)) : [];
  if (notAgain.length > 0)
    throw invalid(
      ...notAgain.map((field) => ({
        pointer: `/settings/${field}`,
        detail: 'was given for another address: give it again, or take it away with null',
      })),
    );
  return { settings: parsed.settings, secrets: parsed.secrets, isMoved };
};

/** Null: it is not known, and so not the same. */
const storedPlace = (room: Parsing, kind: string, kept: GivenSettings): string | null => {
  const address = storedAddress(room, kind, kept);
  return address && placeOf(address);
};

/** Whatever may be called by now. Null: these settings are refused by now. */
export const storedAddress = ({ parseTarget }: Parsing, kind: string, kept: GivenSettings): Address | null => {
  try {
    return parseTarget(kind, kept).address;
  } catch (error) {
    if (error instanceof SettingsRefused) return null;
    throw error;
  }
};

/** With the path, which may be another customer's at the same host. */
export const placeOf = ({ url }: Address): string => `${url.origin}${url.pathname.replace(/(?<!\/)\/+$/, '')}`;

const merged = (stored: GivenSettings, changes: JsonObject): GivenSettings =>
  Object.fromEntries(Object.entries({ ...stored, ...changes }).filter(([, value]) => value !== null));

/** What an address tells by itself is told at once; what its name stands for, when it is called. */
const refuseUncallable = (egress: Room['egress'], { setting, url }: Address): void => {
  const detail = egress.refusalOf(url);
  if (detail !== null) throw invalid({ pointer: `/settings/${setting}`, detail });
};
