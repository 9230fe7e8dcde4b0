/** What all commands have in common: help, exit codes, errors of one line. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commands } from '#cli/commands';
import { type Context, exitCodes } from '#cli/context';
import { createProgram } from '#cli/main';
import { roentgen } from './run';

const context: Context = {
  signal: new AbortController().signal,
  print: () => assert.fail('printed'),
  say: () => assert.fail('said'),
  endWith: () => assert.fail('ended'),
};
const program = createProgram(context, Object.keys(commands));

/** A refusal is a line that begins with "roentgen:", on standard error alone, without a stack. */
async function assertRefused(args: readonly string[], message: RegExp, status: number = exitCodes.usage): Promise<void> {
  const ended = await roentgen(args);
  assert.match(ended.stderr, message);
  assert.match(ended.stderr, /^roentgen: /);
  assert.doesNotMatch(ended.stderr, /\n\s+at /);
  assert.equal(ended.stdout, '');
  assert.equal(ended.status, status);
}

describe('help', { concurrency: 2 }, () => {
  for (const command of program.commands)
    test(`roentgen ${command.name()} --help`, async () => {
      const { status, stdout, stderr } = await roentgen([command.name(), '--help']);
      assert.equal(status, 0, stderr);
      assert.match(stdout, new RegExp(`Usage: .*${command.name()}`));
      assert.ok(command.description().length > 10, 'it says what it is for');
      for (const option of command.options) assert.ok(option.description, `${option.flags} says what it is for`);
    });

  test('without a command it lists them and ends as wrong usage', async () => {
    const { status, stderr } = await roentgen([]);
    assert.equal(status, exitCodes.usage);
    for (const command of program.commands) assert.ok(stderr.includes(`  ${command.name()} `), command.name());
  });

  test('the version is the package.json one', async () => {
    const { status, stdout } = await roentgen(['--version']);
    assert.equal(status, 0);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });
});

describe('wrong usage', { concurrency: 2 }, () => {
  test('an unknown command', () => assertRefused(['paint'], /unknown command 'paint'/));
  test('an unknown option', () => assertRefused(['doctor', '--fast'], /unknown option '--fast'/));
  test('an argument that is missing', () => assertRefused(['verify'], /missing required argument 'dir'/));
  test('a folder that is not there', () =>
    assertRefused(['verify', '/no/such/folder'], /verify: \/no\/such\/folder: there is no such folder/));
  test('a file for a folder', () => assertRefused(['verify', __filename], /expected a folder, this is a file/));
});
