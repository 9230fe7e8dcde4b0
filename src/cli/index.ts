/** The command line's door: `bin/roentgen.mjs` calls `main`. */

export { type Context, type ExitCode, exitCodes } from './context';
export { createProgram, main } from './main';
