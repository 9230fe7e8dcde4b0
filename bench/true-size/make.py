"""Stable Diffusion at its true sizes with random weights, saved by diffusers, and what diffusers computes with it.

Usage: python make.py FOLDER [--version 1.4|2.1] [--shards SIZE] [--half]

Writes FOLDER/model (Stable Diffusion's layout, without a tokenizer) and FOLDER/wanted.safetensors: inputs and outputs of each network.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from diffusers import AutoencoderKL, PNDMScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

UNET = {
    "1.4": dict(cross_attention_dim=768, attention_head_dim=8, sample_size=64),
    "2.1": dict(cross_attention_dim=1024, attention_head_dim=[5, 10, 20, 20], sample_size=96, use_linear_projection=True, upcast_attention=True),
}
TEXT = {
    "1.4": dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, projection_dim=768),
    "2.1": dict(hidden_size=1024, intermediate_size=4096, num_hidden_layers=23, num_attention_heads=16, projection_dim=512, hidden_act="gelu"),
}
VAE = dict(
    down_block_types=["DownEncoderBlock2D"] * 4,
    up_block_types=["UpDecoderBlock2D"] * 4,
    block_out_channels=[128, 256, 512, 512],
    layers_per_block=2,
    sample_size=512,
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--version", choices=list(UNET), default="1.4")
    parser.add_argument("--shards", default="10GB", help="largest size of one file of the U-Net")
    parser.add_argument("--half", action="store_true", help="save float16 files, variant fp16")
    parser.add_argument("--parts", default="vae,text_encoder,unet")
    args = parser.parse_args()
    torch.manual_seed(20250)
    model = args.folder / "model"
    wanted: dict[str, torch.Tensor] = {}
    saving = dict(variant="fp16") if args.half else {}

    def save(network: torch.nn.Module, name: str, **more: object) -> None:
        (network.half() if args.half else network).save_pretrained(model / name, **saving, **more)
        if args.half:
            network.float()

    parts = args.parts.split(",")
    with torch.inference_mode():
        if "vae" in parts:
            vae = AutoencoderKL(**VAE)
            save(vae, "vae")
            z, image = torch.randn(1, 4, 32, 32), torch.rand(1, 3, 256, 256) * 2 - 1
            moments = vae.encode(image).latent_dist
            wanted |= {"vae.z": z, "vae.decoded": vae.decode(z).sample, "vae.image": image, "vae.mean": moments.mean, "vae.logvar": moments.logvar}
        if "text_encoder" in parts:
            text = CLIPTextModel(CLIPTextConfig(**TEXT[args.version], eos_token_id=2, vocab_size=49408))
            save(text, "text_encoder")
            ids = torch.randint(0, 49406, (2, 77))
            ids[:, 0], ids[:, 20:] = 49406, 49407
            wanted |= {"text.ids": ids.int(), "text.context": text(ids).last_hidden_state}
        if "unet" in parts:
            unet = UNet2DConditionModel(**UNET[args.version])
            save(unet, "unet", max_shard_size=args.shards)
            x, context, t = torch.randn(1, 4, 32, 32), torch.randn(1, 77, unet.config.cross_attention_dim), torch.tensor([501.0])
            start = time.time()
            out = unet(x, t, context).sample
            print(f"diffusers: U-Net, {sum(p.numel() for p in unet.parameters()) / 1e6:.1f} M parameters, 32 x 32 latents: {time.time() - start:.2f} s")
            wanted |= {"unet.x": x, "unet.context": context, "unet.t": t, "unet.out": out}
    PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1,
        prediction_type="epsilon" if args.version == "1.4" else "v_prediction",
    ).save_pretrained(model / "scheduler")
    save_file({key: value.contiguous() for key, value in wanted.items()}, args.folder / "wanted.safetensors")
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.42.1",
        "feature_extractor": ["transformers", "CLIPImageProcessor"],
        "safety_checker": [None, None],
        "scheduler": ["diffusers", "PNDMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    (model / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")


main()
