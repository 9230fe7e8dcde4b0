"""SmolLM2 in transformers, a token at a time with its cache: argument 1 is the GGUF file, 2 how many tokens, 3 how many of them are not counted."""
import json
import sys
import time
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

path, count, warm = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(2)
tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
text = "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\nWhat does a chest X-ray show?<|im_end|>\n<|im_start|>assistant\n"
ids = tokenizer(text, return_tensors="pt", add_special_tokens=False).input_ids
times, tokens, cache = [], [], None
with torch.no_grad():
    for _ in range(count):
        at = time.perf_counter()
        out = model(ids, past_key_values=cache, use_cache=True)
        cache, ids = out.past_key_values, out.logits[:, -1:].argmax(-1)
        tokens.append(int(ids))
        times.append(time.perf_counter() - at)
rest = times[warm:]
print(json.dumps({"perSecond": len(rest) / sum(rest), "text": tokenizer.decode(tokens[:24])}))
