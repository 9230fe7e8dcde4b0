/** The command line: `roentgen <command>`. `bin/roentgen.mjs` calls `main` after set-up. */

import { Command, CommanderError } from 'commander';
import { libraryVersion } from '../files/internal';
import { type AddCommand, type Context, describeError, type ExitCode, exitCodeOf, exitCodes } from './context';
import { addDoctor } from './doctor';
import { addEncode } from './encode';
import { addGenerate } from './generate';
import { addLab } from './lab';
import { addMlm } from './mlm';
import { addModels } from './models';
import { addQuickstart } from './quickstart';
import { addReport } from './report';
import { addRuns } from './runs';
import { addStrategies } from './strategies';
import { addTrain } from './train';
import { addVerify } from './verify';

const commands: readonly AddCommand[] = [
  addDoctor,
  addEncode,
  addGenerate,
  addLab,
  addMlm,
  addModels,
  addQuickstart,
  addReport,
  addRuns,
  addStrategies,
  addTrain,
  addVerify,
];

/** The program with all commands, as tests and `main` use it. */
export function createProgram(context: Context): Command {
  const program = new Command('roentgen')
    .description('Text-conditional chest X-ray latent diffusion. Pictures are synthetic and not for diagnosis.')
    .version(libraryVersion)
    .showHelpAfterError('(--help lists what can be given)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'roentgen: ')) })
    .exitOverride();
  program
    .command('setup')
    .description('make what this clone needs: Python packages, npm packages, engine, build, Jupyter kernels')
    .option('--engine <name>', 'cpu, gpu or wasm; without it the best that works here')
    .option('--json', 'print what was set up as JSON')
    .addHelpText('after', '\nRuns before "quickstart" and "lab" by itself; takes seconds when nothing changed.')
    .action(() => {
      throw new Error('setup: run it as "npm run setup"'); // bin/roentgen.mjs does it before this file is loaded
    });
  for (const add of commands) add(program, context);
  return program;
}

/**
 * Runs one command line.
 *
 * @param argv arguments without node and script
 * @returns the exit code (context.ts)
 */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const leaveSignals = (): void => signals.forEach((name) => void process.off(name, onInterrupt));
  function onInterrupt(): void {
    leaveSignals(); // the next one has the system's own effect, which no step can hold up
    process.stderr.write('\nstopping after this step; Ctrl-C again ends at once\n');
    controller.abort();
  }
  for (const name of signals) process.on(name, onInterrupt);
  process.on('unhandledRejection', (error) => {
    process.stderr.write(`roentgen: ${describeError(error)}\n`);
    process.exit(exitCodes.failed);
  });
  // A reader that closes the pipe (`| head`) has seen enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed));
  let ended: ExitCode = exitCodes.ok;
  const context: Context = {
    signal: controller.signal,
    print: (line) => void process.stdout.write(`${line}\n`),
    say: (line) => void process.stderr.write(`${line}\n`),
    endWith: (code) => {
      ended = code;
    },
  };
  try {
    await createProgram(context).parseAsync([...argv], { from: 'user' });
    return ended;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage; // commander has printed it
    process.stderr.write(`roentgen: ${describeError(error)}\n`);
    return exitCodeOf(error);
  } finally {
    leaveSignals();
  }
}
