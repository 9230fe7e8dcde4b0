import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { generate, initLlama, type LlamaConfig, loadChatModel } from 'roentgen-lab/decoders';
import { dispose, key, type Tree } from 'roentgen-lab/engine';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { saveParameters } from '#files/internal';
import { noLeaks, tempDir } from '../support';

const TEMPLATE =
  "{{ bos_token }}{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";

test(
  "a folder's tokenizer and template come with its model: of the config, of several the default one, or of a file of its own",
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const tokenizer = trainBpe(['user: is the heart large? assistant: no.'], { vocabularySize: 520, maxLength: 64 });
    const config: LlamaConfig = {
      model_type: 'llama',
      vocab_size: 520,
      hidden_size: 8,
      intermediate_size: 8,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      max_position_embeddings: 64,
    };
    const params = initLlama(config, key(1)) as Tree;
    await tokenizer.save(folder);
    await saveParameters(folder, 'model', params);
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    const file = join(folder, 'tokenizer_config.json');
    const plain = JSON.parse(readFileSync(file, 'utf8')) as object;
    const withTemplate = (chat_template: unknown): void => writeFileSync(file, JSON.stringify({ ...plain, chat_template }));
    const said = async (): Promise<string | undefined> => {
      const { params: own, chat } = await loadChatModel(folder);
      dispose(own);
      return chat?.([{ role: 'user', content: 'Hi' }], { answer: true });
    };
    assert.equal(await said(), undefined, 'no template, no dialogue');
    withTemplate(TEMPLATE);
    assert.equal(await said(), '<|startoftext|>user: Hi\nassistant:');
    withTemplate([
      { name: 'tool_use', template: '{{ 1 }}' },
      { name: 'default', template: TEMPLATE },
    ]);
    assert.equal(await said(), '<|startoftext|>user: Hi\nassistant:');
    writeFileSync(join(folder, 'chat_template.jinja'), '{{ messages[0].content }}!');
    assert.equal(await said(), 'Hi!', 'its own file counts');
    rmSync(join(folder, 'chat_template.jinja'));
    withTemplate([{ name: 'tool_use', template: '{{ 1 }}' }]);
    await assert.rejects(
      loadChatModel(folder),
      /FileError: .*tokenizer_config\.json.*chat_template: expected a text, or a list with one that is named "default"/,
    );
    withTemplate('{% for %}');
    await assert.rejects(loadChatModel(folder), /FileError: .*can't be read as Jinja/);
    withTemplate(TEMPLATE);

    const model = await loadChatModel(folder);
    const prompt = model.tokenizer.ids(model.chat!([{ role: 'user', content: 'large?' }], { answer: true })).slice(1, -1);
    const { sequences } = generate(model, { ids: [prompt] }, { maxNewTokens: 3, end: -1, padding: 0 });
    assert.equal(typeof model.text(sequences[0]!), 'string');
    dispose(model.params, params);
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, vocab_size: 100 }));
    await assert.rejects(loadChatModel(folder), /FileError/);
  }),
);
