/** Ids of Entra are GUIDs in lower case: 16 bytes, of which a text of 36 characters takes four times as much. */

/** The words of the GUID that `readGuid` read last: one place for all, because a sync reads millions of them. */
export const guid = new Uint32Array(4);

/** Whether the text is a GUID in lower case; its words then stand in `guid`. */
export const readGuid = (text: string): boolean => {
  if (text.length !== 36) return false;
  let digits = 0;
  let word = 0;
  for (let at = 0; at < 36; at += 1) {
    const code = text.charCodeAt(at);
    if (at === 8 || at === 13 || at === 18 || at === 23) {
      if (code !== dash) return false;
      continue;
    }
    const digit = code < 128 ? (digitOf[code] ?? none) : none;
    if (digit === none) return false;
    word = (word << 4) | digit;
    digits += 1;
    if ((digits & 7) === 0) {
      guid[(digits >> 3) - 1] = word;
      word = 0;
    }
  }
  return true;
};

/** The GUID whose 16 bytes stand here. */
export const guidAt = (bytes: Buffer, at: number): string => {
  const hex = bytes.toString('hex', at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

const dash = 45;
const none = 255;
const digitOf = new Uint8Array(128).fill(none);
for (let digit = 0; digit < 16; digit += 1) digitOf[digit.toString(16).charCodeAt(0)] = digit;
