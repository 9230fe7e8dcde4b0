"""Adapters and new tokens between this library and diffusers, and the key names that diffusers writes.

    node bench/lora/make.mjs DIR             # a tiny model, its adapters and learned embeddings, and what the U-Net says with them
    python bench/lora/compare.py DIR         # diffusers reads all of it and must say the same; prints the largest differences
    python bench/lora/compare.py DIR --keys test/golden/lora.json

Needs torch 2.13.0, diffusers 0.42.1, transformers 5.23.0, peft.
"""

import json
import sys
from pathlib import Path

import numpy as np
import peft
import torch
from diffusers import StableDiffusionPipeline
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.numpy import load_file

folder = Path(sys.argv[1])
pipe = StableDiffusionPipeline.from_pretrained(folder / "model", safety_checker=None)
io = json.loads((folder / "io.json").read_text())


def tensor(name):
    return torch.tensor(io[name]["values"], dtype=torch.float32).reshape(io[name]["shape"])


def nchw(x):
    return x.permute(0, 3, 1, 2)


if "--keys" in sys.argv:
    config = dict(r=io["rank"], lora_alpha=io["alpha"])
    pipe.unet.add_adapter(LoraConfig(target_modules=["to_k", "to_q", "to_v", "to_out.0"], **config))
    pipe.text_encoder.add_adapter(LoraConfig(target_modules=["q_proj", "k_proj", "v_proj", "out_proj"], **config))
    StableDiffusionPipeline.save_lora_weights(
        folder / "theirs",
        unet_lora_layers=get_peft_model_state_dict(pipe.unet),
        text_encoder_lora_layers=get_peft_model_state_dict(pipe.text_encoder),
    )
    keys = {k: list(v.shape) for k, v in sorted(load_file(folder / "theirs" / "pytorch_lora_weights.safetensors").items())}
    out = Path(sys.argv[sys.argv.index("--keys") + 1])
    made = f"diffusers {__import__('diffusers').__version__}, peft {peft.__version__}, transformers {__import__('transformers').__version__}"
    out.write_text(json.dumps({"made_by": f"bench/lora/compare.py with {made}", "keys": keys}, indent=1) + "\n")
    print(f"{len(keys)} keys in {out}")
    sys.exit()

with torch.no_grad():
    pipe.load_lora_weights(folder, weight_name="pytorch_lora_weights.safetensors")
    ids = torch.tensor(io["ids"]["values"]).long().reshape(io["ids"]["shape"])
    context = pipe.text_encoder(ids)[0]
    out = pipe.unet(nchw(tensor("x")), tensor("t"), encoder_hidden_states=context).sample
print("context with adapters: ", float((context - tensor("context")).abs().max()))
print("U-Net with adapters:   ", float((out - nchw(tensor("out"))).abs().max()))
pipe.unload_lora_weights()
pipe.load_textual_inversion(folder / "learned_embeds.safetensors", token="<cxr>")
prompt = pipe.maybe_convert_prompt("<cxr> left", pipe.tokenizer)
theirs = pipe.tokenizer(prompt, padding="max_length", max_length=len(io["inverted"]["values"]), truncation=True).input_ids
print("ids of new tokens:     ", "same" if theirs == io["inverted"]["values"] else f"differ: {theirs} {io['inverted']['values']}")
with torch.no_grad():
    print("context of new tokens: ", float((pipe.text_encoder(torch.tensor([theirs]))[0] - tensor("invertedContext")).abs().max()))
