// The TypeScript build, and the removal of outputs whose source is gone.

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { SetUpError } from './error.mjs';
import { modules, root } from './paths.mjs';
import { run } from './run.mjs';
import { filesBelow, fingerprint, readStamp, writeStamp } from './stamp.mjs';

const stamp = join(root, 'dist', '.roentgen.json');

/** Source folder and where it is built to. */
const projects = [
  ['src', 'dist'],
  ['kernels', join('build', 'kernels')],
  ['test', join('build', 'test')],
];

function wanted() {
  const isSource = (name) => name.endsWith('.ts') || /^tsconfig.*\.json$/.test(name);
  const files = projects.flatMap(([source]) => filesBelow(join(root, source), isSource));
  return fingerprint({ files: [join(root, 'tsconfig.json'), join(root, 'tsconfig.base.json'), ...files] });
}

/** Whether the outputs belong to the sources as they are. */
export function isBuilt() {
  return readStamp(stamp).sources === wanted() && outputsAreThere();
}

/** The compiler trusts its notes: an output that was deleted, or a file that came while another build ran, would go unnoticed. */
function outputsAreThere() {
  return projects.every(([source, target]) =>
    filesBelow(join(root, source), (name) => name.endsWith('.ts') && !name.endsWith('.d.ts')).every((file) =>
      existsSync(join(root, target, relative(join(root, source), file).replace(/\.ts$/, '.js'))),
    ),
  );
}

/**
 * Builds. Type errors do not keep the outputs from being written; the type check of `npm test` is where they fail.
 *
 * @returns how many type errors there are
 */
export async function build() {
  const sources = wanted(); // before, so that what changes meanwhile is built again
  removeStale();
  const compile = (...more) => run(process.execPath, [join(modules, 'typescript', 'bin', 'tsc'), '-b', '--pretty', 'false', ...more]);
  let { code, output } = await compile();
  if (!outputsAreThere()) ({ code, output } = await compile('--force'));
  const errors = output.filter((line) => /error TS\d+/.test(line));
  if (!existsSync(join(root, 'dist', 'cli', 'main.js')))
    throw new SetUpError(
      `the build wrote nothing (${(errors[0] ?? output.at(-1) ?? `status ${code}`).slice(0, 300)}); "npm run build" shows all of it`,
    );
  writeStamp(stamp, { sources });
  return errors.length;
}

function removeStale() {
  for (const [source, target] of projects) {
    const outputs = filesBelow(join(root, target), (name) => /\.(js|d\.ts)(\.map)?$/.test(name));
    let removed = false;
    for (const output of outputs) {
      const name = relative(join(root, target), output).replace(/\.(js|d\.ts)(\.map)?$/, '.ts');
      if (existsSync(join(root, source, name))) continue;
      rmSync(output);
      removed = true;
    }
    // The compiler would trust its notes and leave out what was removed.
    if (removed) for (const name of readdirSync(join(root, target))) if (name.endsWith('.tsbuildinfo')) rmSync(join(root, target, name));
  }
}
