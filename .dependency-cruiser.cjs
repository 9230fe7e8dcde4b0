// The import rule: data flows from room to room in this order, and a room is entered by its door (index.ts).

const rooms = [
  'engine',
  'files',
  'reports',
  'nn',
  'imaging',
  'datasets',
  'tokenizers',
  'encoders',
  'vision',
  'decoders',
  'bridges',
  'vae',
  'vq',
  'unet',
  'schedulers',
  'pipelines',
  'metrics',
  'probes',
  'training',
  'display',
  'experiments',
  'systems',
  'evaluation',
  'verify',
  'cli',
];

const order = rooms.slice(0, -1).map((room, i) => ({
  name: `${room}-imports-only-from-above`,
  comment: `src/${room} stands above ${rooms.slice(i + 1).join(', ')} and must not import from them; move what both need up.`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: `^src/(${rooms.slice(i + 1).join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...order,
    {
      name: 'rooms-are-known',
      comment: 'A new folder of src needs a place in the order of .dependency-cruiser.cjs.',
      severity: 'error',
      from: { path: `^src/(?!(${rooms.join('|')})/|index\\.ts$)` },
      to: {},
    },
    {
      name: 'rooms-have-doors',
      comment: "Another room is imported by its doors, '../engine' (public) and '../engine/internal' (for rooms), never by a file of it ('../engine/tree').",
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/', pathNot: ['^src/$1/', '^src/[^/]+/(index|internal)\\.ts$'] },
    },
    {
      name: 'tests-use-doors',
      comment: "Tests import the package by name ('roentgen-lab/engine'), as a user does, and files of their own room ('#engine/tree').",
      severity: 'error',
      from: { path: '^test/([^/]+)/' },
      to: {
        path: '^(src|dist|kernels/client|build)/',
        pathNot: ['^dist/$1/', '^dist/index\\.', '^dist/[^/]+/index\\.', '^dist/[^/]+/internal\\.', '^(build/)?kernels/client/index\\.'],
      },
    },
    {
      name: 'launcher-is-private',
      comment: "Only the kernel's own tests look into the launcher.",
      severity: 'error',
      from: { path: '^(src|test)/', pathNot: '^test/kernel/' },
      to: { path: '^(build/)?kernels/launcher/' },
    },
    {
      name: 'kernel-stands-alone',
      comment: 'The Jupyter kernel loads the library only for a cell that imports it.',
      severity: 'error',
      from: { path: '^kernels/' },
      to: { path: '^(src|dist)/' },
    },
    { name: 'no-circle', comment: 'Files that import each other have no order.', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-development-packages',
      comment: 'What runs for a user is in "dependencies".',
      severity: 'error',
      from: { path: '^(src|kernels/(launcher|client))/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unlisted-packages',
      comment: 'A package that is imported is in package.json, with its version.',
      severity: 'error',
      from: { path: '^(src|kernels/(launcher|client)|test)/' },
      // tslab, pinned exactly, brings its own TypeScript; the kernel must use that very one.
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], pathNot: '@tslab/typescript-for-tslab' },
    },
    { name: 'imports-are-found', comment: 'The import leads nowhere.', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: '(^|/)(node_modules|dist|build)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'], mainFields: ['main', 'types'] },
  },
};
