/** The part of $filter that directory lists are used with: eq, ne, in, startswith, endswith, not, and, or, and any(x:x eq ..) on lists. */

import type { Json } from './json.ts';
import type { Reader } from './properties.ts';
import { badRequest } from './reply.ts';

export type Predicate = (read: Reader) => boolean;
export type Filter = {
  readonly matches: Predicate;
  /** Every path the filter reads, to be checked against the type. */
  readonly properties: readonly string[];
  /** Uses an operator that only advanced queries may use. */
  readonly advanced: boolean;
  /** When the filter is nothing but equality on this property: the values, so that no list has to be walked. */
  readonly equals: { readonly property: string; readonly values: readonly string[] } | null;
};

export function parseFilter(text: string): Filter {
  const parser = new Parser(text);
  const matches = parser.disjunction();
  parser.end();
  const equality = parser.onlyEquality && new Set(parser.properties).size === 1;
  const [property] = parser.properties;
  return {
    matches,
    properties: parser.properties,
    advanced: parser.advanced,
    equals: equality && property !== undefined ? { property, values: parser.values } : null,
  };
}

const TOKEN = /\s*('(?:[^']|'')*'|[(),:]|-?\d[\w:.+-]*|[\w@/]+)/y;

/** A recursive descent over the tokens; one method for each level of binding. */
class Parser {
  readonly properties: string[] = [];
  readonly values: string[] = [];
  onlyEquality = true;
  advanced = false;
  readonly #tokens: string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  disjunction(): Predicate {
    let left = this.#conjunction();
    while (this.#taken('or')) {
      const [before, after] = [left, this.#conjunction()];
      left = (read) => before(read) || after(read);
    }
    return left;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw invalid();
  }

  #conjunction(): Predicate {
    let left = this.#term();
    while (this.#taken('and')) {
      this.onlyEquality = false;
      const [before, after] = [left, this.#term()];
      left = (read) => before(read) && after(read);
    }
    return left;
  }

  #term(): Predicate {
    if (this.#taken('not')) {
      this.advanced = true;
      this.onlyEquality = false;
      const inner = this.#term();
      return (read) => !inner(read);
    }
    if (this.#taken('(')) {
      const inner = this.disjunction();
      this.#expect(')');
      return inner;
    }
    const word = this.#next();
    if (/^(startswith|endswith)$/i.test(word)) return this.#textFunction(word.toLowerCase());
    return word.endsWith('/any') ? this.#any(word.slice(0, -'/any'.length)) : this.#comparison(word);
  }

  #textFunction(name: string): Predicate {
    this.onlyEquality = false;
    if (name === 'endswith') this.advanced = true;
    this.#expect('(');
    const path = this.#path(this.#next());
    this.#expect(',');
    const wanted = String(literal(this.#next())).toLowerCase();
    this.#expect(')');
    return (read) => {
      const value = String(valueAt(read, path) ?? '').toLowerCase();
      return name === 'startswith' ? value.startsWith(wanted) : value.endsWith(wanted);
    };
  }

  /** `proxyAddresses/any(p:p eq 'smtp:..')` and `groupTypes/any(c:startswith(c,'U'))`. */
  #any(property: string): Predicate {
    this.onlyEquality = false;
    const path = this.#path(property);
    this.#expect('(');
    const variable = this.#next();
    this.#expect(':');
    const holds = this.#element(variable);
    this.#expect(')');
    return (read) => {
      const list = valueAt(read, path);
      return Array.isArray(list) && list.some(holds);
    };
  }

  #element(variable: string): (item: Json) => boolean {
    if (this.#taken('startswith')) {
      this.#expect('(');
      this.#expect(variable);
      this.#expect(',');
      const prefix = String(literal(this.#next())).toLowerCase();
      this.#expect(')');
      return (item) => String(item).toLowerCase().startsWith(prefix);
    }
    this.#expect(variable);
    this.#expect('eq');
    const wanted = literal(this.#next());
    return (item) => same(item, wanted);
  }

  #comparison(word: string): Predicate {
    const path = this.#path(word);
    const operator = this.#next().toLowerCase();
    if (operator === 'in') return this.#in(path);
    const wanted = literal(this.#next());
    this.values.push(String(wanted));
    if (operator === 'eq') return (read) => same(valueAt(read, path), wanted);
    this.onlyEquality = false;
    if (operator !== 'ne') throw invalid();
    this.advanced = true;
    return (read) => !same(valueAt(read, path), wanted);
  }

  #in(path: readonly string[]): Predicate {
    this.#expect('(');
    const wanted: Json[] = [];
    do wanted.push(literal(this.#next()));
    while (this.#taken(','));
    this.#expect(')');
    this.values.push(...wanted.map(String));
    return (read) => wanted.some((each) => same(valueAt(read, path), each));
  }

  #path(word: string): readonly string[] {
    if (!/^[a-z]\w*(\/\w+)*$/i.test(word)) throw invalid();
    const path = word.split('/');
    this.properties.push(path[0] ?? word);
    if (path.length > 1) this.onlyEquality = false;
    return path;
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw invalid();
    return token;
  }

  #taken(word: string): boolean {
    if (this.#tokens[this.#at]?.toLowerCase() !== word) return false;
    this.#at++;
    return true;
  }

  #expect(word: string): void {
    if (!this.#taken(word.toLowerCase())) throw invalid();
  }
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const found = TOKEN.exec(text);
    if (found?.[1] === undefined) throw invalid();
    tokens.push(found[1]);
  }
  return tokens;
}

function literal(token: string): Json {
  if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
  if (token === 'null') return null;
  if (token === 'true' || token === 'false') return token === 'true';
  return Number.isNaN(Number(token)) ? token : Number(token);
}

function valueAt(read: Reader, path: readonly string[]): Json {
  let value: Json | undefined = read(path[0] ?? '');
  for (const name of path.slice(1)) {
    value =
      value !== null && typeof value === 'object' && name in value
        ? Object.entries(value).find(([key]) => key === name)?.[1]
        : null;
  }
  return value ?? null;
}

/** Directory strings compare without case. */
const same = (a: Json, b: Json): boolean =>
  typeof a === 'string' && typeof b === 'string' ? a.toLowerCase() === b.toLowerCase() : a === b;

const invalid = () => badRequest('Invalid filter clause');
