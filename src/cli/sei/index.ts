/** `roentgen sei`: reports that hold to facts; one line a subcommand. */

import type { Command } from 'commander';
import type { Context } from '../context';
import { addAnnotate } from './annotate';
import { addEvaluateSei } from './evaluate';
import { addSeiReport } from './report';
import { addRetrieve } from './retrieve';
import { addTrainSei } from './train';

/** The command's subcommands. */
export function addSei(command: Command, context: Context): void {
  addAnnotate(command.command('annotate'), context);
  addTrainSei(command.command('train'), context);
  addRetrieve(command.command('retrieve'), context);
  addSeiReport(command.command('report'), context);
  addEvaluateSei(command.command('evaluate'), context);
}
