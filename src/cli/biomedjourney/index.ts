/** `roentgen biomedjourney`: a patient's later image out of the prior one. Each action is a subcommand. */

import type { Command } from 'commander';
import type { Context } from '../context';
import { addEvaluateJourney } from './evaluate';
import { addTrainJourney } from './train';

/** The command's subcommands. */
export function addBiomedJourney(command: Command, context: Context): void {
  addTrainJourney(command.command('train'), context);
  addEvaluateJourney(command.command('evaluate'), context);
}
