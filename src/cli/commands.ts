/** All commands by name. What a command needs is loaded when it is called, so that help is there at once. */

import type { AddCommand } from './context';

interface Entry {
  readonly description: string;
  readonly load: () => AddCommand;
}

export const commands: Readonly<Record<string, Entry>> = {
  ask: {
    description: 'ask a model about a radiograph, or about two where it can be shown two; not for diagnosis',
    load: () => (require('./asking/ask') as typeof import('./asking/ask')).addAsk,
  },
  bench: {
    description: 'time the work of the speed table on this machine: milliseconds, peak memory, first call',
    load: () => (require('./bench') as typeof import('./bench')).addBench,
  },
  biomedjourney: {
    description:
      "a patient's later image out of the prior one and words for what changed: train a model for edit (train), measure it (evaluate), the paper’s rows (variants), both guidances (guidance)",
    load: () => (require('./biomedjourney') as typeof import('./biomedjourney')).addBiomedJourney,
  },
  chexagent: {
    description:
      'a language model that is asked about one radiograph or two: train its four stages (train), its bench, what each stage adds, gaps between groups (evaluate); roentgen ask asks it',
    load: () => (require('./chexagent') as typeof import('./chexagent')).addCheXagent,
  },
  chexbench: {
    description: 'a model that is asked on a bench of CheXbench’s layout, beside chance, the majority answer and a blank image',
    load: () => (require('./asking/chexbench') as typeof import('./asking/chexbench')).addCheXbench,
  },
  'cxr-llava': {
    description:
      'a language model that is asked about a radiograph: train its stages (train), teach one that was trained elsewhere (adapt), the paper’s table (evaluate); roentgen ask asks it',
    load: () => (require('./cxr-llava') as typeof import('./cxr-llava')).addCxrLlava,
  },
  data: {
    description: "prepare data: label reports (label), the phantom as a data set (make), shards (pack), the paper's Table 1 (table1)",
    load: () => (require('./data') as typeof import('./data')).addData,
  },
  doctor: {
    description: 'show what was found (Node, engine, devices, memory, kernels, tokenizers) and what to do about what is missing',
    load: () => (require('./doctor') as typeof import('./doctor')).addDoctor,
  },
  drr: {
    description: "radiographs of CT volumes: one picture, or a data set in DRR-RATE's layout; not for diagnosis",
    load: () => (require('./drr') as typeof import('./drr')).addDrr,
  },
  'drr-rate': {
    description:
      'findings of radiographs that were reconstructed from CT: train CheXNet on them, on radiographs or on both (train), the paper’s table within and across (evaluate)',
    load: () => (require('./drr-rate') as typeof import('./drr-rate')).addDrrRate,
  },
  edit: {
    description: 'change an image as a text says, with a model that was trained for it; synthetic, not for diagnosis',
    load: () => (require('./edit') as typeof import('./edit')).addEdit,
  },
  encode: {
    description: 'write the embeddings of texts: context [n, L, C], mask [n, L] and pooled [n, C]',
    load: () => (require('./encode') as typeof import('./encode')).addEncode,
  },
  evaluate: {
    description:
      "RoentGen's tables and figures of any models: fidelity, diversity and others, each with intervals, as tables, figures and a page; all of them with all",
    load: () => (require('./evaluate') as typeof import('./evaluate')).addEvaluate,
  },
  generate: {
    description: 'make pictures from prompts with a model folder; synthetic, not for diagnosis',
    load: () => (require('./generate') as typeof import('./generate')).addGenerate,
  },
  instruct: {
    description: 'instructions out of any data set: samples of CheXinstruct’s form (build), a bench of CheXbench’s layout (bench)',
    load: () => (require('./instruct') as typeof import('./instruct')).addInstruct,
  },
  lab: {
    description: 'open JupyterLab with the notebooks and the TypeScript kernels (this machine only, with a token)',
    load: () => (require('./lab') as typeof import('./lab')).addLab,
  },
  mlm: {
    description:
      "train a small BERT on the phantom's reports by masked language modelling, for the strategies encoder-swap and textual-projection",
    load: () => (require('./mlm') as typeof import('./mlm')).addMlm,
  },
  models: {
    description: 'list the models that are here (kind, width, parameters, licence, path) and those that can be got',
    load: () => (require('./models') as typeof import('./models')).addModels,
  },
  'pack-model': {
    description: 'write a model as one .safetensors file that a class can copy and every command opens, with half the bits (fp16) or all',
    load: () => (require('./pack-model') as typeof import('./pack-model')).addPackModel,
  },
  quickstart: {
    description: 'train a small RoentGen, show what it learnt, and measure it (5 to 10 minutes on two quick cores)',
    load: () => (require('./quickstart') as typeof import('./quickstart')).addQuickstart,
  },
  radgraph: {
    description:
      "facts out of reports: train a network that finds entities and relations (train), put it to use (infer), compare annotations (compare), draw them (show), convert files (convert), the paper's findings (findings)",
    load: () => (require('./radgraph') as typeof import('./radgraph')).addRadGraph,
  },
  'reader-study': {
    description:
      'reports of a model beside those of radiologists: the CSV of such a study (make), its page for a reader and the tables of all readers (read)',
    load: () => (require('./reader-study') as typeof import('./reader-study')).addReaderStudy,
  },
  report: {
    description: 'write a notebook with its outputs as one HTML page with interactive plots that opens offline',
    load: () => (require('./report') as typeof import('./report')).addReport,
  },
  runs: {
    description: 'list the runs of a folder; with two or more runs, draw their losses in one plot',
    load: () => (require('./runs') as typeof import('./runs')).addRuns,
  },
  sei: {
    description:
      'reports of radiographs from image, indication and a similar case: the annotation of a data set (annotate), both stages (train), find similar cases (retrieve), write a report (report), the paper’s table (evaluate)',
    load: () => (require('./sei') as typeof import('./sei')).addSei,
  },
  strategies: {
    description: 'adapt a base model to the phantom by every strategy, and measure all of them alike: one table',
    load: () => (require('./strategies') as typeof import('./strategies')).addStrategies,
  },
  train: {
    description: 'train a recipe: settings, log, checkpoints, pictures, report and model in one folder',
    load: () => (require('./train') as typeof import('./train')).addTrain,
  },
  verify: {
    description: 'check every reference fixture in a folder; a row is ok, FAILED, or - where not yet supported',
    load: () => (require('./verify') as typeof import('./verify')).addVerify,
  },
  viewxgen: {
    description:
      "one model over a study's report and its views: train it (train), make a view or a report (generate), the paper’s table (evaluate); synthetic, not for diagnosis",
    load: () => (require('./viewxgen') as typeof import('./viewxgen')).addViewxgen,
  },
};
