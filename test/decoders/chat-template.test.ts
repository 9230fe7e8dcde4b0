import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatTemplate } from 'roentgen-lab/decoders';

test('a dialogue is written as its template says, with the tokens that it names', () => {
  const start =
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe brief.<|im_end|>\n' }}{% endif %}";
  const each = "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}";
  const end = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
  const write = chatTemplate(start + each + end);
  assert.equal(write([{ role: 'user', content: 'Hi' }]), '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n');
  assert.equal(write([{ role: 'system', content: 'S' }], { answer: true }), '<|im_start|>system\nS<|im_end|>\n<|im_start|>assistant\n');
  // Llama 2's form; a block's own line leaves nothing behind, as in transformers.
  const llama2 = `{% for message in messages %}
    {% if message['role'] == 'user' %}
{{ bos_token + '[INST] ' + message['content'].strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + ' ' + eos_token }}{% else %}{{ raise_exception('Only user and assistant roles are supported') }}{% endif %}
{% endfor %}`;
  const writeLlama = chatTemplate(llama2, { bos_token: '<s>', eos_token: '</s>' });
  assert.equal(
    writeLlama([
      { role: 'user', content: ' What is shown? ' },
      { role: 'assistant', content: 'A heart.' },
    ]),
    '<s>[INST] What is shown? [/INST] A heart. </s>',
  );
  assert.throws(() => writeLlama([{ role: 'tool', content: '' }]), /RangeError: .*Only user and assistant roles are supported/);
});

test('what is no template, or needs a function that is not there, is refused', () => {
  assert.throws(() => chatTemplate('{% for message in messages %}'), /RangeError: chat template: can't be read as Jinja/);
  const write = chatTemplate('{{ load_image(messages[0].content) }}');
  assert.throws(() => write([{ role: 'user', content: 'x' }]), /RangeError: chat template: can't write this dialogue/);
});
