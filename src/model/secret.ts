/** What hides a text or a key from everything that prints. */

/** Where Node looks how something wants to be printed (`util.inspect.custom`). */
const inspected = Symbol.for('nodejs.util.inspect.custom');
const shown = '[secret]';

/**
 * A text or a key that nobody prints by accident. A log, an error, JSON, a template and a debugger's dump of it show `[secret]`; a copy of it (a spread, a
 * structured clone) holds nothing. `reveal` is the only way to it: for what puts it on the wire, seals it or checks it (test/architecture.test.ts lists who).
 */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  /** Whether both are the same, without either being shown. */
  is(other: Secret<T> | undefined): boolean {
    return other !== undefined && other.#value === this.#value;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [Symbol.toPrimitive](): string {
    return shown;
  }

  [inspected](): string {
    return shown;
  }
}

export const secret = <T>(value: T): Secret<T> => new Secret(value);
