/** The request that a `curl` command of the documentation makes. Only the options that are used there are known. */

export type Request = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** The file that the answer goes to; null: it is shown. */
  readonly output: string | null;
  /** The certificate to trust beside those that are known; null: none. */
  readonly caFile: string | null;
};

export const requestOf = ([curl, ...words]: readonly string[]): Request => {
  if (curl !== 'curl') throw new Error(`${curl} is not curl.`);
  const given = {
    method: null as string | null,
    url: null as URL | null,
    body: null as string | null,
    output: null as string | null,
    caFile: null as string | null,
  };
  const headers: Record<string, string> = {};
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    // `-sX` is `-s -X`; the last letter takes the next word.
    const option = word === '--cacert' ? word : /^-f?s?S?N?([XHdo]?)$/.exec(word)?.[1];
    if (option === undefined) {
      given.url = new URL(word);
      continue;
    }
    if (option === '') continue;
    at += 1;
    const value = words[at] ?? '';
    if (option === 'X') given.method = value;
    else if (option === 'd') given.body = value;
    else if (option === 'o') given.output = value;
    else if (option === '--cacert') given.caFile = value;
    else headers[value.slice(0, value.indexOf(':')).toLowerCase()] = value.slice(value.indexOf(':') + 1).trim();
  }
  const { url, body, output, caFile } = given;
  if (url === null) throw new Error(`There is no address in: curl ${words.join(' ')}`);
  return { method: given.method ?? (body === null ? 'GET' : 'POST'), url, headers, body, output, caFile };
};
