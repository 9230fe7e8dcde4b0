/** `roentgen biomedjourney`: a patient's later image out of the prior one. Each action is a subcommand. */

import type { Command } from 'commander';
import type { Context } from '../context';
import { addEvaluateJourney } from './evaluate';
import { addGuidance } from './guidance';
import { addTrainJourney } from './train';
import { addVariants } from './variants';

/** The command's subcommands. */
export function addBiomedJourney(command: Command, context: Context): void {
  addTrainJourney(command.command('train'), context);
  addEvaluateJourney(command.command('evaluate'), context);
  addVariants(command.command('variants'), context);
  addGuidance(command.command('guidance'), context);
}
