/** The commands of a fenced `sh` block, as a shell would read them: quotes, variables, comments, continued lines. */

type Environment = Readonly<Record<string, string>>;

/** One list of words per command. Throws when a variable is not in the environment. */
export const commandsIn = (script: string, environment: Environment): readonly (readonly string[])[] => {
  const commands: string[][] = [[]];
  let word: string | null = null;
  const add = (text: string): void => {
    word = (word ?? '') + text;
  };
  const endWord = (): void => {
    if (word !== null) commands.at(-1)?.push(word);
    word = null;
  };
  for (const [token] of script.matchAll(tokens)) {
    if (token.startsWith("'")) add(token.slice(1, -1));
    else if (token.startsWith('"')) add(expanded(token.slice(1, -1), environment).replaceAll(/\\(["\\])/g, '$1'));
    else if (token === '\n') {
      endWord();
      commands.push([]);
    } else if (token.startsWith('\\\n') || /^\s/.test(token)) endWord();
    else if (token.startsWith('#') && word === null) continue;
    else add(expanded(token, environment));
  }
  endWord();
  return commands.filter((command) => command.length > 0);
};

const tokens = /'[^']*'|"(?:\\.|[^"\\])*"|\\\n|\n|[^\S\n]+|(?<=^|\s)#[^\n]*|[^\s'"]+/gs;

const expanded = (text: string, environment: Environment): string =>
  text.replaceAll(/\$([A-Z_]+)/g, (_, name: string) => {
    const value = environment[name];
    if (value === undefined) throw new Error(`The page uses $${name}, which it never sets.`);
    return value;
  });
