import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ChatModel, chatTemplate, initLlama, initPhi, languageModel, openChatModel } from 'roentgen-lab/decoders';
import { dispose, flatten, key, type Tree } from 'roentgen-lab/engine';
import {
  adaptLlava,
  answerAsWritten,
  estimateAdaptMemory,
  IMAGE_TOKEN,
  initCxrLlava,
  loadAdaptRecipe,
  openAsked,
  promptTokens,
} from 'roentgen-lab/systems';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { noLeaks, tempDir } from '../../support';
import { TEXTS, tinyRadiographs } from '../asking/tiny';
import { tinyConfig } from './tiny';

const TEMPLATE =
  '{% for message in messages %}[{{ message.role }}] {{ message.content }}\n{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}';

function tinyChat(): ChatModel {
  const tokenizer = trainBpe(TEXTS, { vocabularySize: 540, maxLength: 64 });
  const sizes = { vocab_size: 540, hidden_size: 12, intermediate_size: 20, num_hidden_layers: 2, num_attention_heads: 2 };
  const config = {
    model_type: 'llama' as const,
    ...sizes,
    num_key_value_heads: 1,
    max_position_embeddings: 200,
    tie_word_embeddings: true,
  };
  const params = initLlama({ ...config, initializer_range: 0.3 }, key(2));
  return { ...languageModel(config, params as Tree), tokenizer, text: (ids) => tokenizer.text(ids), chat: chatTemplate(TEMPLATE) };
}

const bytesOf = (params: Tree): Record<string, string> =>
  Object.fromEntries(
    Object.entries(flatten(params)).map(([path, leaf]) => [
      path,
      Buffer.from((leaf.dataSync() as Float32Array).slice().buffer).toString('base64'),
    ]),
  );

test(
  "a language model from elsewhere answers by its own template; attention's projections and the projector alone change, stopped and called again to the same bytes",
  noLeaks(async (t) => {
    const loaded = await loadAdaptRecipe('smollm2');
    const recipe = { ...loaded, text_length: 150, optimisation: { ...loaded.optimisation, steps: 4, batch_size: 3 } };
    const model = { config: { ...tinyConfig, clip_vision_cfg: { ...tinyConfig.clip_vision_cfg, image_size: 16, patch_size: 8 } } };
    const params = initCxrLlava(model.config, key(1));
    const language = tinyChat();
    const options = { recipe, model: { ...model, params }, language, data: await tinyRadiographs(), key: key(3) };
    assert.ok(estimateAdaptMemory(options).MiB > 0);
    const folder = tempDir(t);
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    const whole = await adaptLlava(options, one);
    const stop = new AbortController();
    const checkpoints = { folder: join(folder, 'checkpoints'), identity: 'one', resume: 'always', every: 2 } as const;
    const onStep = ({ step }: { step: number }): void => {
      if (step === 3) stop.abort();
    };
    await assert.rejects(adaptLlava({ ...options, signal: stop.signal, checkpoints, onStep }, two), { name: 'AbortError' });
    assert.ok(!existsSync(join(two, 'config.json')));
    const again = await adaptLlava({ ...options, checkpoints }, two);
    const after = bytesOf(whole.params as Tree);
    assert.deepEqual(bytesOf(again.params as Tree), after);
    const before = bytesOf({ vision_tower: params.vision_tower, llama: (language.params as { model: Tree }).model } as Tree);
    assert.deepEqual(
      [
        ...new Set(
          Object.keys(before)
            .filter((path) => before[path] !== after[path])
            .map((path) => path.replace(/.*\.(\w+)\.weight$/, '$1')),
        ),
      ].sort(),
      ['k_proj', 'o_proj', 'q_proj', 'v_proj'],
    );
    const asked = await openAsked(two);
    assert.deepEqual(bytesOf(asked.params), after);
    const prompt = promptTokens(asked, 'Is there edema?', 1);
    assert.equal(prompt.filter((id) => id === IMAGE_TOKEN).length, 4);
    const text = asked.tokenizer.text(prompt.filter((id) => id !== IMAGE_TOKEN));
    assert.match(text, /radiologist[\s\S]*is there edema ?\?[\s\S]*assistant/);
    const question = {
      images: [new Float32Array(256).fill(0.4)],
      question: 'Is there edema?',
      temperature: 0,
      top_p: 1,
      maxTokens: 3,
      key: key(1),
    };
    for await (const answer of answerAsWritten(asked, question)) assert.equal(typeof answer, 'string');
    const { chat: _, ...mute } = language;
    await assert.rejects(
      adaptLlava({ ...options, language: mute }, join(folder, 'three')),
      /RangeError: .*without a template of dialogues/,
    );
    const phiConfig = {
      model_type: 'phi' as const,
      vocab_size: 540,
      hidden_size: 8,
      intermediate_size: 8,
      num_hidden_layers: 1,
      num_attention_heads: 1,
    };
    const phi = { ...language, ...languageModel(phiConfig, initPhi(phiConfig, key(1)) as Tree) };
    await assert.rejects(
      adaptLlava({ ...options, language: phi }, join(folder, 'three')),
      /expected a language model of the type "llama", got "phi"/,
    );
    dispose(params as Tree, language.params, phi.params, whole.params as Tree, again.params as Tree, asked.params);
  }),
);

test('a language model that is not there is named, with the command that brings it where there is one', async (t) => {
  await assert.rejects(openChatModel(join(tempDir(t), 'none')), /FileError: .*none: is not there/);
});
