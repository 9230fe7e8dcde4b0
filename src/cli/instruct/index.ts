/** `roentgen instruct`: CheXinstruct's samples and a bench out of any data set; one line a subcommand. */

import type { Command } from 'commander';
import type { Context } from '../context';
import { addInstructBench } from './bench';
import { addInstructBuild } from './build';

/** The command's subcommands. */
export function addInstruct(command: Command, context: Context): void {
  addInstructBuild(command.command('build'), context);
  addInstructBench(command.command('bench'), context);
}
