/** Filters (RFC 7644 §3.4.2.2): text in, a tree of resolved attributes out. */

import { type Attribute, attributeNamed, subAttributesOf } from './attribute.ts';
import { badRequest, type ScimError } from './errors.ts';
import type { Json } from './json.ts';
import { resolvePath, type Steps } from './path.ts';
import type { ResourceType } from './schemas.ts';

export type Operator = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';

export type Filter =
  | { readonly kind: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly kind: 'not'; readonly filter: Filter }
  | { readonly kind: 'present'; readonly steps: Steps }
  | { readonly kind: 'compare'; readonly steps: Steps; readonly operator: Operator; readonly value: Json }
  /** A valuePath: one and the same value of a multi-valued attribute meets the filter inside the brackets. */
  | { readonly kind: 'some'; readonly steps: Steps; readonly filter: Filter };

/** What a PATCH path selects (§3.5.2): an attribute, or the values of one that meet a filter, and perhaps a sub-attribute of those. */
export type PatchPath = { readonly steps: Steps; readonly filter: Filter | null; readonly below: readonly Attribute[] };

type Resolve = (path: string) => Steps | null;

export function parseFilter(text: string, type: ResourceType): Filter {
  const parser = new Parser(text, (path) => resolvePath(path, type), 'invalidFilter');
  const filter = parser.disjunction();
  parser.end();
  return filter;
}

export function parsePatchPath(text: string, type: ResourceType): PatchPath {
  const parser = new Parser(text, (path) => resolvePath(path, type), 'invalidPath');
  const steps = parser.path();
  const filter = parser.brackets(steps);
  const below = filter === null ? [] : parser.subAttribute(steps);
  parser.end();
  return { steps, filter, below };
}

const token = /\s*(?:([()[\]])|("(?:[^"\\]|\\.)*")|([^\s()[\]"]+))/y;

/** Reads left to right and remembers where it is. */
class Parser {
  readonly #text: string;
  readonly #scimType: 'invalidFilter' | 'invalidPath';
  #resolve: Resolve;
  #at = 0;
  #depth = 0;

  constructor(text: string, resolve: Resolve, scimType: 'invalidFilter' | 'invalidPath') {
    this.#text = text;
    this.#resolve = resolve;
    this.#scimType = scimType;
  }

  /** `or` binds weaker than `and`, both group from the left. */
  disjunction(): Filter {
    this.#deeper();
    let left = this.#conjunction();
    while (this.#takeWord('or')) left = { kind: 'or', left, right: this.#conjunction() };
    this.#depth -= 1;
    return left;
  }

  path(): Steps {
    const name = this.#next();
    const steps = this.#resolve(name);
    if (steps === null) throw this.#refuse(`"${name}" is no attribute`);
    return steps;
  }

  /** `[` filter `]`, whose names are those of the sub-attributes. */
  brackets(steps: Steps): Filter | null {
    if (!this.#take('[')) return null;
    const attribute = steps.at(-1);
    if (attribute === undefined || !attribute.multiValued || attribute.type !== 'complex')
      throw this.#refuse('only a multi-valued complex attribute takes a value filter');
    const outer = this.#resolve;
    this.#resolve = (name) => {
      const found = attributeNamed(subAttributesOf(attribute), name);
      return found === undefined ? null : [found];
    };
    const filter = this.disjunction();
    this.#resolve = outer;
    if (!this.#take(']')) throw this.#refuse('"]" is missing');
    return filter;
  }

  /** `.name` right behind a closing bracket. */
  subAttribute(steps: Steps): readonly Attribute[] {
    if (this.#peek() === '') return [];
    const name = this.#next();
    const attribute = steps.at(-1);
    const found =
      name.startsWith('.') && attribute !== undefined
        ? attributeNamed(subAttributesOf(attribute), name.slice(1))
        : undefined;
    if (found === undefined) throw this.#refuse(`"${name}" is no sub-attribute`);
    return [found];
  }

  end(): void {
    if (this.#peek() !== '') throw this.#refuse(`"${this.#peek()}" was not expected`);
  }

  #conjunction(): Filter {
    let left = this.#term();
    while (this.#takeWord('and')) left = { kind: 'and', left, right: this.#term() };
    return left;
  }

  #term(): Filter {
    if (this.#takeWord('not')) {
      if (!this.#take('(')) throw this.#refuse('"(" is missing behind "not"');
      return { kind: 'not', filter: this.#grouped() };
    }
    if (this.#take('(')) return this.#grouped();
    const steps = this.path();
    const inside = this.brackets(steps);
    if (inside === null) return this.#comparison(steps);
    const below = this.#peek().startsWith('.') ? this.subAttribute(steps) : [];
    return { kind: 'some', steps, filter: this.#alsoCompared(inside, below) };
  }

  /** `emails[type eq "work"].value eq "x"`, which clients send although the grammar of §3.4.2.2 ends at the bracket. */
  #alsoCompared(inside: Filter, [sub]: readonly Attribute[]): Filter {
    return sub === undefined ? inside : { kind: 'and', left: inside, right: this.#comparison([sub]) };
  }

  #grouped(): Filter {
    const filter = this.disjunction();
    if (!this.#take(')')) throw this.#refuse('")" is missing');
    return filter;
  }

  #comparison(path: Steps): Filter {
    const operator = this.#next().toLowerCase();
    if (operator === 'pr') return { kind: 'present', steps: path };
    if (!isOperator(operator)) throw this.#refuse(`"${operator}" is no operator`);
    const steps = comparable(path);
    const value = this.#literal();
    if (!fits(steps.at(-1), operator, value)) throw this.#refuse(`"${operator}" cannot compare these types`);
    return { kind: 'compare', steps, operator, value };
  }

  /** A comparison value is a JSON literal. */
  #literal(): Json {
    const text = this.#next();
    try {
      const value: Json = JSON.parse(text);
      return value;
    } catch {
      throw this.#refuse(`${text} is no JSON value`);
    }
  }

  #peek(): string {
    token.lastIndex = this.#at;
    const found = token.exec(this.#text);
    if (found !== null) return found[1] ?? found[2] ?? found[3] ?? '';
    return this.#text.slice(this.#at).trim();
  }

  #next(): string {
    const text = this.#peek();
    if (text === '') throw this.#refuse('it ends too early');
    this.#at = this.#text.indexOf(text, this.#at) + text.length;
    return text;
  }

  #take(symbol: string): boolean {
    if (this.#peek() !== symbol) return false;
    this.#next();
    return true;
  }

  #takeWord(word: string): boolean {
    if (this.#peek().toLowerCase() !== word) return false;
    this.#next();
    return true;
  }

  /** A filter of a thousand brackets is an attack, not a question. */
  #deeper(): void {
    this.#depth += 1;
    if (this.#depth > 50) throw this.#refuse('it is nested too deeply');
  }

  #refuse(why: string): ScimError {
    return badRequest(this.#scimType, `"${this.#text}" was not understood: ${why}.`);
  }
}

/** `emails co "x"` and `manager eq "x"` compare the `value` sub-attribute. */
function comparable(steps: Steps): Steps {
  const last = steps.at(-1);
  const value = last?.type === 'complex' ? attributeNamed(subAttributesOf(last), 'value') : undefined;
  return value === undefined ? steps : [...steps, value];
}

const operators: readonly string[] = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] satisfies Operator[];
const isOperator = (text: string): text is Operator => operators.includes(text);

/** §3.4.2.2: an operator that means nothing for the type is an invalid filter; booleans and binaries have no order. */
function fits(attribute: Attribute | undefined, operator: Operator, value: Json): boolean {
  if (attribute === undefined || attribute.type === 'complex') return false;
  if (value === null) return operator === 'eq' || operator === 'ne';
  if (attribute.type === 'boolean') return typeof value === 'boolean' && (operator === 'eq' || operator === 'ne');
  if (attribute.type === 'integer' || attribute.type === 'decimal') return typeof value === 'number';
  return typeof value === 'string';
}
