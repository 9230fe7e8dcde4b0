/** `roentgen data`: what is made of data before a model sees it; one line a subcommand. */

import type { Command } from 'commander';
import type { Context } from '../context';
import { addLabel } from './label';
import { addMake } from './make';
import { addPack } from './pack';
import { addTable1 } from './table1';

/** The command's subcommands. */
export function addData(command: Command, context: Context): void {
  addLabel(command.command('label'), context);
  addMake(command.command('make'), context);
  addPack(command.command('pack'), context);
  addTable1(command.command('table1'), context);
}
