/** Mints identifiers: a prefix that says what it names, and a UUIDv7 (RFC 9562 §5.7), so that they sort by the time they were made. */

import { v7 } from 'uuid';

export const newId = (prefix: string): string => `${prefix}_${v7().replaceAll('-', '')}`;
