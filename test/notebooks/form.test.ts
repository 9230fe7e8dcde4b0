import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support';

interface Cell {
  cell_type: 'code' | 'markdown';
  source: string[];
  metadata: { jupyter?: { source_hidden?: boolean } };
  outputs?: unknown[];
  execution_count?: number | null;
}

/** The tensor language itself. */
const allowed = new Set(['@tensorflow/tfjs-core']);

const rooms = Object.keys((JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object }).exports).map((name) =>
  name.slice(2),
);

for (const file of readdirSync(join(root, 'notebooks')).filter((name) => name.endsWith('.ipynb'))) {
  const { cells } = JSON.parse(readFileSync(join(root, 'notebooks', file), 'utf8')) as { cells: Cell[] };
  const code = cells.filter(({ cell_type }) => cell_type === 'code');

  test(`${file} is short, begins with prose, and is committed without outputs`, () => {
    assert.ok(cells.length <= 27, `${cells.length} cells`);
    assert.equal(cells[0]!.cell_type, 'markdown');
    for (const { source } of code) assert.ok(source.length <= 25, `a cell of ${source.length} lines begins ${source[0]}`);
    const lines = code.flatMap(({ source }) => source.map((line) => line.trimEnd()));
    assert.deepEqual(
      lines.filter((line) => line.length > 100),
      [],
      'lines of code of more than 100 characters',
    );
    assert.deepEqual(
      lines.filter((line) => /[{,] *(\w+): \1 *[,}]/.test(line)),
      [],
      'names are handed on as { name }; the kernel writes them out',
    );
    for (const { outputs, execution_count } of code) assert.deepEqual([outputs, execution_count], [[], null]);
    assert.match(cells[0]!.source.join(''), /not for diagnosis/);
    assert.match(code.at(-1)!.source.join(''), /assert\./, 'the last cell asserts the claim');
  });

  test(`${file} says what it needs and what comes next, checks itself before the exercises, and how its page is kept`, () => {
    const prose = cells.map(({ cell_type, source }) => (cell_type === 'markdown' ? source.join('') : ''));
    assert.match(prose[0]!, /\*\*Before this:\*\* .* · \*\*Needs:\*\* .* · \*\*Takes:\*\* .* · \*\*Next:\*\* /);
    const [check, exercises] = [/^## Check$/m, /^## Exercises$/m].map((heading) => prose.findIndex((text) => heading.test(text)));
    assert.ok(check! > 0 && exercises! > check!, 'the check comes before the exercises');
    assert.equal(exercises, cells.length - 1, 'the exercises are the last cell');
    assert.equal(cells[check! + 1]!.metadata.jupyter?.source_hidden, true, 'the code of the check is folded away');
    assert.match(prose.at(-1)!, new RegExp(`\\*\\*To keep this page:\\*\\* .*npx roentgen report ${file}`));
  });

  test(`${file} imports the package's public doors only`, () => {
    const imported = code.flatMap(({ source }) => [...source.join('').matchAll(/from '([^']+)'/g)].map(([, name]) => name!));
    assert.ok(imported.length > 0);
    for (const name of imported)
      assert.ok(
        allowed.has(name) || name.startsWith('node:') || rooms.includes(name.replace('roentgen-lab/', '')),
        `${name} is no public door`,
      );
  });
}
