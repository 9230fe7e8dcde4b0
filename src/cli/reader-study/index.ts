/** `roentgen reader-study`: reports of a model beside those of radiologists, judged by readers; one line a subcommand. */

import type { Command } from 'commander';
import type { Context } from '../context';
import { addMakeReaderStudy } from './make';
import { addReadStudy } from './read';

/** The command's subcommands. */
export function addReaderStudy(command: Command, context: Context): void {
  addMakeReaderStudy(command.command('make'), context);
  addReadStudy(command.command('read'), context);
}
