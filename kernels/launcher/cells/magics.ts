/** Hints for lines in the style of IPython (`%time x`, `!ls`, `?name`), which are no TypeScript. */
import type { Diagnostic } from 'tslab/dist/converter';

interface Style {
  readonly line: RegExp;
  /** A line that may parse as TypeScript (`!ls` negates an unknown name): a word that is not found is a sign of the style too. */
  readonly mayParse?: RegExp;
  hint(match: RegExpExecArray): string;
}

const shell = "run shell commands with execSync of node:child_process: console.log(execSync('ls').toString())";
const instead: Readonly<Record<string, string>> = {
  time: "measure with console.time('name') before and console.timeEnd('name') after",
  timeit: 'measure with performance.now() around a loop',
  pip: 'install Node packages in a terminal: npm install NAME',
  conda: 'install Node packages in a terminal: npm install NAME',
  cd: "change the folder with process.chdir('FOLDER')",
  env: 'environment variables are in process.env',
  matplotlib: "plots need no switch: import { lineFigure } from 'roentgen-lab/display'",
  sh: shell,
  bash: shell,
  ls: shell,
  pwd: 'the folder is process.cwd()',
};

const styles: readonly Style[] = [
  {
    line: /^\s*(%%?([a-z]\w*))/i,
    hint: ([, magic, name]) => `${magic} is a magic of IPython; here, ${instead[name!.toLowerCase()] ?? 'write TypeScript'}`,
  },
  {
    line: /^\s*(!\s?[\w./~-]+)/,
    mayParse: /^\s*!\s?[a-z][\w-]*(\s+[\w./~*-]+)*\s*$/,
    hint: ([, command]) => `${command} is a shell command of IPython; here, ${shell}`,
  },
  {
    line: /^\s*(\?{1,2}[\w$.]+|[\w$.]+\?{1,2})\s*;?\s*$/,
    hint: ([, question]) => `${question} asks IPython for help; here, press Shift-Tab behind a name`,
  },
];

const isSyntaxError = ({ code }: Diagnostic): boolean => code < 2000;
const isUnknownName = ({ code }: Diagnostic): boolean => code === 2304;

/** One diagnostic for each such line in place of all others, where there are such lines and the compiler stumbled over them. */
export function withHints(diagnostics: readonly Diagnostic[], code: string): readonly Diagnostic[] {
  const hints = code.split('\n').flatMap((text, line): Diagnostic[] => {
    const here = diagnostics.filter(({ fileName, start }) => !fileName && start.line === line);
    for (const style of styles) {
      const match = style.line.exec(text);
      if (!match) continue;
      const column = text.indexOf(match[1]!);
      if (!here.some(isSyntaxError) && !(style.mayParse?.test(text) && here.some(isUnknownName))) continue;
      const at = (character: number): Diagnostic['start'] => ({ offset: 0, line, character });
      return [{ start: at(column), end: at(column + match[1]!.length), messageText: style.hint(match), category: 1, code: 0 }];
    }
    return [];
  });
  return hints.length > 0 ? hints : diagnostics;
}
