/** `roentgen chexagent`: a language model that is asked about one radiograph or two; one line a subcommand. */

import type { Command } from 'commander';
import { addTrainAsked } from '../asking/train';
import type { Context } from '../context';
import { addEvaluateCheXagent } from './evaluate';
import { cheXagent } from './system';

/** The command's subcommands. */
export function addCheXagent(command: Command, context: Context): void {
  addTrainAsked(cheXagent, command.command('train'), context);
  addEvaluateCheXagent(command.command('evaluate'), context);
}
