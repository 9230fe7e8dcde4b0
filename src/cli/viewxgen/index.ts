/** `roentgen viewxgen`: one model over a study's report and views; one line a subcommand. */

import type { Command } from 'commander';
import type { Context } from '../context';
import { addEvaluateViewxgen } from './evaluate';
import { addGenerateViewxgen } from './generate';
import { addTrainViewxgen } from './train';

/** The command's subcommands. */
export function addViewxgen(command: Command, context: Context): void {
  addTrainViewxgen(command.command('train'), context);
  addGenerateViewxgen(command.command('generate'), context);
  addEvaluateViewxgen(command.command('evaluate'), context);
}
