/** The command line's door: `bin/roentgen.mjs` calls `main`. */

export type { ExitCode } from './context';
export { main } from './main';
