/** `roentgen cxr-llava`: a language model that is asked about a radiograph; one line a subcommand. */

import type { Command } from 'commander';
import { addTrainAsked } from '../asking/train';
import type { Context } from '../context';
import { addAdaptLlava } from './adapt';
import { addEvaluateLlava } from './evaluate';
import { cxrLlava } from './system';

/** The command's subcommands. */
export function addCxrLlava(command: Command, context: Context): void {
  addTrainAsked(cxrLlava, command.command('train'), context);
  addAdaptLlava(command.command('adapt'), context);
  addEvaluateLlava(command.command('evaluate'), context);
}
