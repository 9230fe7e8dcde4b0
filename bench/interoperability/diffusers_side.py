"""The diffusers side of run.mjs: opens FOLDER/ours, makes pictures from the given latents, and saves the pipeline as FOLDER/theirs.

Images are in [0, 1], [n, C, H, W].
"""

import json
import sys
from functools import partial
from pathlib import Path

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from safetensors.torch import load_file, save_file

folder, tile, request = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
pipe = StableDiffusionPipeline.from_pretrained(folder / "ours", safety_checker=None)
pipe.set_progress_bar_config(disable=True)
pipe.save_pretrained(folder / "theirs")
pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config, clip_sample=False)
latents = load_file(folder / "latents.safetensors")["latents"]

if pipe.unet.config.get("mask_padding", False):
    texts = [""] * len(request["prompts"]) + request["prompts"]  # as guidance orders them
    mask = pipe.tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").attention_mask
    pipe.unet.forward = partial(pipe.unet.forward, encoder_attention_mask=mask)

with torch.inference_mode():
    context, _ = pipe.encode_prompt(request["prompts"], "cpu", 1, False)
    out = pipe(
        request["prompts"],
        latents=latents,
        num_inference_steps=request["steps"],
        guidance_scale=request["guidance"],
        output_type="latent",
    ).images

    def decode(z: torch.Tensor) -> torch.Tensor:
        return (pipe.vae.decode(z / pipe.vae.config.scaling_factor).sample / 2 + 0.5).clamp(0, 1)

    images = decode(out)
    vae = pipe.vae
    vae.tile_sample_min_size, vae.tile_latent_min_size = tile, tile // 2 ** (len(vae.config.block_out_channels) - 1)
    vae.enable_tiling()
    tiled = decode(latents[:1].tile(1, 1, 2, 2))

save_file({"context": context.contiguous(), "images": images.contiguous(), "tiled": tiled.contiguous()}, folder / "theirs.safetensors")
