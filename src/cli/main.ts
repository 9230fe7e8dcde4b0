/** The command line: `roentgen <command>`. `bin/roentgen.mjs` calls `main` after set-up. */

import { Command, CommanderError } from 'commander';
import { commands } from './commands';
import { type Context, describeError, type ExitCode, exitCodeOf, exitCodes } from './context';

/** The program with the names of all commands, and all that belongs to those which `words` name. */
export function createProgram(context: Context, words: readonly string[]): Command {
  const program = new Command('roentgen')
    .description('Text-conditional chest X-ray latent diffusion. Pictures are synthetic and not for diagnosis.')
    .option('-V, --version', 'output the version number')
    .on('option:version', () => {
      // Loaded here: what else that room holds takes longer than all of the help.
      context.print((require('../files/internal') as typeof import('../files/internal')).libraryVersion);
      throw new CommanderError(exitCodes.ok, 'commander.version', '');
    })
    .showHelpAfterError('(--help lists what can be given)')
    .configureHelp({ subcommandTerm: (command) => command.name() })
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
  for (const [name, { description, load }] of Object.entries(commands)) {
    const command = program.command(name).description(description);
    if (words.includes(name)) load()(command, context);
  }
  return program;
}

function onRejection(error: unknown): void {
  process.stderr.write(`roentgen: ${describeError(error)}\n`);
  process.exit(exitCodes.failed);
}

/** A reader that closes the pipe (`| head`) has seen enough. */
const onClosed = (error: NodeJS.ErrnoException): never => process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed);

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
  /** Whoever runs it with a channel to it may ask by that. */
  function onMessage(message: unknown): void {
    if (message !== 'stop') return;
    leaveSignals();
    controller.abort();
  }
  process.on('message', onMessage);
  process.channel?.unref();
  process.off('unhandledRejection', onRejection).on('unhandledRejection', onRejection); // once, however often this is called
  process.stdout.off('error', onClosed).on('error', onClosed);
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
    await createProgram(context, argv).parseAsync([...argv], { from: 'user' });
    return ended;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage; // commander has printed it
    process.stderr.write(`roentgen: ${describeError(error)}\n`);
    return exitCodeOf(error);
  } finally {
    leaveSignals();
    process.off('message', onMessage);
  }
}
