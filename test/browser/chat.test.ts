import assert from 'node:assert/strict';
import { browserTest, jupyterLab } from './lab';

const lab = jupyterLab();

/** A network of random weights: it says nothing sensible, at length. */
const cell = `
import { openPhantom } from 'roentgen-lab/datasets';
import { chat } from 'roentgen-lab/display';
import { key, startEngine, type Tree } from 'roentgen-lab/engine';
import { answerAsWritten, askedCxrLlava, type CxrLlavaConfig, initCxrLlava } from 'roentgen-lab/systems';
import { trainBpe } from 'roentgen-lab/tokenizers';
await startEngine();
const phantom = openPhantom({ seed: 3, count: 1 });
const pixels = await phantom.pixels(0, 64);
const tokenizer = trainBpe([phantom.record(0).text, 'No acute findings.'], { vocabularySize: 560, maxLength: 64 });
const config: CxrLlavaConfig = {
  model_type: 'CXR-LLAVA',
  llama: { vocab_size: 560, hidden_size: 512, intermediate_size: 1024, num_hidden_layers: 6, num_attention_heads: 8, max_position_embeddings: 1024, initializer_range: 0.1 },
  clip_vision_cfg: { layers: 2, width: 64, head_width: 32, patch_size: 8, image_size: 64 },
  clip_embed_dim: 64,
  image_preprocess_cfg: { mean: 0.5, std: 0.25 },
  mm_projector_dim: 64,
};
const model = { network: askedCxrLlava(config), params: initCxrLlava(config, key(1)) as unknown as Tree, tokenizer };
const picture = { pixels, width: 64, height: 64, channels: 1 as const };
const dialogue = chat({
  pictures: [picture],
  questions: ['Is there edema?'],
  answer: (question, signal) =>
    answerAsWritten(model, { images: [pixels], question, maxTokens: 800, temperature: 1, top_p: 1, key: key(2), signal }),
});
dialogue
`;

browserTest(
  lab,
  'a model is asked about a radiograph with the mouse and by keys; words come one after the other, and a button stops them',
  300,
  async () => {
    lab.write('chat.ipynb', [cell.trim(), 'JSON.stringify(dialogue.turns.map(({ question, stopped }) => [question, stopped]))']);
    await lab.open('chat.ipynb');
    await lab.runAll();
    await lab.settled(150);
    const page = lab.outputs(0);
    const answers = page.locator('.rg-answered');
    await page.getByRole('button', { name: 'Is there edema?', exact: true }).click();
    await answers.first().waitFor();
    /** Waits until the answer is longer than it was; what it is then. */
    const grown = async (than: number): Promise<number> => {
      for (let tries = 0; tries < 300; tries++) {
        const length = ((await answers.first().textContent()) ?? '').length;
        if (length > than) return length;
        await lab.page.waitForTimeout(100);
      }
      throw new Error(`the answer stays at ${than} characters`);
    };
    let length = await grown(5);
    for (let i = 0; i < 3; i++) length = await grown(length); // words come one after the other
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByText('(stopped)').waitFor();
    const field = page.getByPlaceholder('Ask about the picture');
    await field.fill('<img src=x onerror=alert(1)> On which side?');
    await field.press('Enter');
    await answers.nth(1).waitFor();
    assert.equal(await page.locator('.rg-asked').nth(1).textContent(), '<img src=x onerror=alert(1)> On which side?');
    assert.equal(await page.locator('.rg-asked img').count(), 0, 'what is asked is text');
    await lab.shot('27-chat');
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByText('(stopped)').nth(1).waitFor();
    await lab.run(1);
    await lab.outputs(1).getByText('[["Is there edema?",true],["<img src=x onerror=alert(1)> On which side?",true]]').waitFor();
    assert.deepEqual(
      lab.complaints.filter((line) => /widget|comm/i.test(line)),
      [],
    );
  },
);
