/** The recipe's model with random weights, in a folder: for tests of what uses a model, whatever its pictures show. */
import { openPhantom } from 'roentgen-lab/datasets';
import { key, startEngine } from 'roentgen-lab/engine';
import { initModel, loadRecipe } from 'roentgen-lab/experiments';
import { disposeModel, saveModel } from 'roentgen-lab/pipelines';
import { widenForEditing } from 'roentgen-lab/systems';
import { trainBpe } from 'roentgen-lab/tokenizers';

/** Writes it; `edits` makes it one that changes images by words. */
export async function saveUntrained(folder: string, name = 'smoke', { edits = false } = {}): Promise<void> {
  await startEngine();
  const recipe = await loadRecipe(name);
  const language = openPhantom({ count: 200 });
  const texts = Array.from({ length: language.length }, (_, i) => language.record(i).text);
  const { vocabulary_size: vocabularySize, max_length: maxLength } = recipe.tokenizer;
  const model = initModel(recipe, trainBpe(texts, { vocabularySize, maxLength }), key(1));
  if (edits) widenForEditing(model);
  await saveModel(model, folder);
  disposeModel(model);
}
