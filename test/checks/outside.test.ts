/** The package as a project outside sees it: every subpath, under each way of resolving modules, with its dependencies' types checked too. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { root, tempDir } from '../support';

const { exports: subpaths, typesVersions } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { types: string }>;
  typesVersions: { '*': Record<string, string[]> };
};
const doors = Object.entries(subpaths).flatMap(([name, entry]) =>
  typeof entry === 'string' ? [] : [[name === '.' ? '' : name.slice(1), entry.types] as const],
);

test('exports and typesVersions name the same files', () => {
  const types = doors.filter(([name]) => name !== '').map(([name, file]) => [name.slice(1), [file.replace('./', '')]]);
  assert.deepEqual(typesVersions['*'], Object.fromEntries(types));
});

test('a project outside imports every subpath, with skipLibCheck off', (t) => {
  const folder = tempDir(t);
  // As npm lays out an installed package: its dependencies, and their types, beside it.
  mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true });
  symlinkSync(root, join(folder, 'node_modules', 'roentgen-lab'));
  for (const name of ['node', 'long'])
    symlinkSync(join(root, 'node_modules', '@types', name), join(folder, 'node_modules', '@types', name));
  const file = join(folder, 'all.ts');
  const imports = doors.map(([name], i) => `import * as m${i} from 'roentgen-lab${name}';`);
  writeFileSync(file, `${imports.join('\n')}\nexport const all = [${doors.map((_, i) => `m${i}`).join(', ')}];\n`);
  for (const [module, moduleResolution] of [
    [ts.ModuleKind.CommonJS, ts.ModuleResolutionKind.Node10],
    [ts.ModuleKind.Node16, ts.ModuleResolutionKind.Node16],
    [ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  ] as const) {
    const lib = ['lib.es2023.d.ts', 'lib.dom.d.ts'];
    const typeRoots = [join(folder, 'node_modules', '@types')];
    const options = {
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      target: ts.ScriptTarget.ES2022,
      module,
      moduleResolution,
      lib,
      typeRoots,
    };
    const problems = ts.getPreEmitDiagnostics(ts.createProgram([file], options));
    const texts = problems.map((p) => `${p.file?.fileName}: ${ts.flattenDiagnosticMessageText(p.messageText, ' ')}`);
    assert.deepEqual(texts, [], ts.ModuleResolutionKind[moduleResolution]);
  }
});
