/** `roentgen drr-rate`: classifiers of radiographs reconstructed from CT. Each action is a subcommand. */

import type { Command } from 'commander';
import type { Context } from '../context';
import { addEvaluateDrrRate } from './evaluate';
import { addTrainDrrRate } from './train';

/** The command's subcommands. */
export function addDrrRate(command: Command, context: Context): void {
  addTrainDrrRate(command.command('train'), context);
  addEvaluateDrrRate(command.command('evaluate'), context);
}
