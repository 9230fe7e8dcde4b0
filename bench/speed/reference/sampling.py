"""Images from texts by diffusers' pipeline."""

from pathlib import Path
from typing import Callable

import torch
from diffusers import StableDiffusionPipeline
from step import FIRST_VALUES


def start(kind: str, folder: Path, settings: dict, inputs: dict, channels_last: bool) -> Callable[[], list[float]]:
    pipe = StableDiffusionPipeline.from_pretrained(folder / "model", safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    if channels_last:
        pipe.unet.to(memory_format=torch.channels_last)
        pipe.vae.to(memory_format=torch.channels_last)

    def sample() -> list[float]:
        images = pipe(
            settings["prompts"],
            latents=inputs["latents"],
            num_inference_steps=settings["steps"],
            guidance_scale=settings["guidance"],
            output_type="np",
        ).images
        return images[0].flatten()[:FIRST_VALUES].tolist()

    return sample
