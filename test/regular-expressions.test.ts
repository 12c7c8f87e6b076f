/** What callers, tenants and targets send cannot make a regular expression of ours run for ever: each is gone through by recheck (ReDoS). */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkSync } from 'recheck';
import { SyntaxKind } from 'typescript/unstable/ast';
import { createScanner } from 'typescript/unstable/ast/scanner';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const files = globSync('{src,workers}/**/*.ts', { cwd: root }).toSorted();

type Literal = { readonly line: number; readonly source: string; readonly flags: string };

/** Every regular expression literal of a program. A slash begins one where no value stands before it that could be divided. */
const literalsIn = (text: string): readonly Literal[] => {
  const scanner = createScanner(true, undefined, text);
  const found: Literal[] = [];
  /** Whether each brace that is open belongs to a template. */
  const open: boolean[] = [];
  let before = SyntaxKind.Unknown;
  for (let kind = scanner.scan(); kind !== SyntaxKind.EndOfFile; kind = scanner.scan()) {
    const isSlash = kind === SyntaxKind.SlashToken || kind === SyntaxKind.SlashEqualsToken;
    if (isSlash && !endsValue(before)) kind = scanner.reScanSlashToken();
    if (kind === SyntaxKind.OpenBraceToken) open.push(false);
    if (kind === SyntaxKind.CloseBraceToken && open.pop() === true) kind = scanner.reScanTemplateToken(false);
    if (kind === SyntaxKind.TemplateHead || kind === SyntaxKind.TemplateMiddle) open.push(true);
    if (kind === SyntaxKind.RegularExpressionLiteral) {
      const literal = scanner.getTokenText();
      const end = literal.lastIndexOf('/');
      const line = text.slice(0, scanner.getTokenStart()).split('\n').length;
      found.push({ line, source: literal.slice(1, end), flags: literal.slice(end + 1) });
    }
    before = kind;
  }
  return found;
};

const values: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.Identifier,
  SyntaxKind.PrivateIdentifier,
  SyntaxKind.NumericLiteral,
  SyntaxKind.BigIntLiteral,
  SyntaxKind.StringLiteral,
  SyntaxKind.RegularExpressionLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateTail,
  SyntaxKind.CloseParenToken,
  SyntaxKind.CloseBracketToken,
  SyntaxKind.CloseBraceToken,
  SyntaxKind.ThisKeyword,
  SyntaxKind.SuperKeyword,
  SyntaxKind.NullKeyword,
  SyntaxKind.TrueKeyword,
  SyntaxKind.FalseKeyword,
]);
/** Words that are keywords only in some places are names everywhere else. */
const endsValue = (kind: SyntaxKind): boolean => values.has(kind) || kind > SyntaxKind.WithKeyword;

/**
 * Most are decided by an automaton, which proves its verdict. What it cannot hold (look-arounds, long repetitions) is attacked with made-up texts: the same
 * ones each time, and few, so that this takes seconds.
 */
const thoroughness = {
  timeout: 10_000,
  randomSeed: 0,
  maxIteration: 1,
  maxInitialGenerationSize: 100,
  maxGenerationSize: 30,
  incubationLimit: 5_000,
  attackLimit: 200_000_000,
} as const;

type Verdict = 'linear' | 'polynomial' | 'exponential' | 'not known';

const verdicts = new Map<string, Verdict>();
const verdictOf = ({ source, flags }: Pick<Literal, 'source' | 'flags'>): Verdict => {
  const key = `/${source}/${flags}`;
  const known = verdicts.get(key);
  if (known !== undefined) return known;
  const found = checkSync(source, flags, thoroughness);
  const verdict: Verdict =
    found.status === 'safe' ? 'linear' : found.status === 'vulnerable' ? found.complexity.type : 'not known';
  verdicts.set(key, verdict);
  return verdict;
};

/** Whose time grows with the square of what they are given, and why that is never much. */
const short: Readonly<Record<string, string>> = {
  'src/logger.ts': 'A text of the log is cut to 2,000 characters before.',
  'src/target/scim/errors.ts': 'What a target says is cut to 2,000 characters before.',
};

/** Put together from pieces that stand beside them: those of schemas are in the OpenAPI document, and gone through there. */
const putTogether = ['src/admin/api/schemas/common.ts', 'src/admin/api/schemas/connection.ts'];

describe('no regular expression', () => {
  it('of the product takes longer than what it is given is long, but for those whose text is short', () => {
    const slow = files.flatMap((file) =>
      literalsIn(readFileSync(join(root, file), 'utf8'))
        .map((literal) => ({ ...literal, verdict: verdictOf(literal) }))
        .filter(({ verdict }) => verdict !== 'linear' && !(verdict === 'polynomial' && Object.hasOwn(short, file)))
        .map(({ line, source, verdict }) => `${file}:${line} ${verdict}: ${source}`),
    );
    expect(slow).toEqual([]);
    expect(verdicts.size).toBeGreaterThan(80);
    // Where recheck has no program for the machine it goes by JavaScript, which takes several times as long.
  }, 60_000);

  it('is excused that needs no excuse', () => {
    const excused = Object.keys(short).filter((file) =>
      literalsIn(readFileSync(join(root, file), 'utf8')).some((literal) => verdictOf(literal) === 'polynomial'),
    );
    expect(excused).toEqual(Object.keys(short));
  });

  it('that callers are told of takes longer either', () => {
    const document = readFileSync(join(root, 'docs/openapi.json'), 'utf8');
    const patterns = new Set(
      [...document.matchAll(/"pattern": ("[^\n]*")/g)].map(([, text = '""']) => String(JSON.parse(text))),
    );
    expect(patterns.size).toBeGreaterThan(5);
    expect([...patterns].filter((source) => verdictOf({ source, flags: '' }) !== 'linear')).toEqual([]);
  });

  it('is made of what somebody sent', () => {
    const made = files.filter((file) => /\bRegExp\(/.test(readFileSync(join(root, file), 'utf8')));
    expect(made).toEqual(putTogether);
  });
});

describe('the search for them', () => {
  it('tells a literal from a division, a comment, a text and a template', () => {
    const text = [
      'const half = all / 2 / of;',
      '// is not one: /a/',
      "const path = '/b/';",
      `const found = \`\${/c[/]/g.exec(\`\${{ d: /d/u }.d}\`)} /e/\`;`,
      'if (list[0] / 2 > 1) return /f/i;',
      'const rest = (1 + 2) / 3 / 4;',
    ].join('\n');
    expect(literalsIn(text)).toEqual([
      { line: 4, source: 'c[/]', flags: 'g' },
      { line: 4, source: 'd', flags: 'u' },
      { line: 5, source: 'f', flags: 'i' },
    ]);
  });

  it('knows one that can be made to run for ever', () => {
    expect(verdictOf({ source: '^(a+)+$', flags: '' })).toBe('exponential');
    expect(verdictOf({ source: '\\s+$', flags: '' })).toBe('polynomial');
    expect(verdictOf({ source: '^\\d{1,9}$', flags: '' })).toBe('linear');
  });
});
