/** `roentgen radgraph`: facts out of reports; one line a subcommand. */

import type { Command } from 'commander';
import type { Context } from '../context';
import { addCompare } from './compare';
import { addConvert } from './convert';
import { addFindings } from './findings';
import { addInfer } from './infer';
import { addShow } from './show';
import { addTrainRadGraph } from './train';

/** The command's subcommands. */
export function addRadGraph(command: Command, context: Context): void {
  addTrainRadGraph(command.command('train'), context);
  addInfer(command.command('infer'), context);
  addCompare(command.command('compare'), context);
  addShow(command.command('show'), context);
  addConvert(command.command('convert'), context);
  addFindings(command.command('findings'), context);
}
