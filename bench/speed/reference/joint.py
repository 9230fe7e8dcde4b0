"""U-Net and text encoder in one step of training, by diffusers and transformers."""

from pathlib import Path
from typing import Callable

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from step import training_step
from transformers import CLIPTextModel


def start(kind: str, folder: Path, settings: dict, inputs: dict, channels_last: bool) -> Callable[[], list[float]]:
    network = UNet2DConditionModel.from_pretrained(folder / "unet").train()
    encoder = CLIPTextModel.from_pretrained(folder / "text_encoder").train()
    if channels_last:
        network = network.to(memory_format=torch.channels_last)
    ids = inputs["ids"].long()
    velocity = settings["scheduler"]["prediction_type"] == "v_prediction"

    def loss() -> torch.Tensor:
        latents, noise, signal, sigma = (inputs[name] for name in ("latents", "noise", "signal", "sigma"))
        context = encoder(ids).last_hidden_state
        predicted = network(signal * latents + sigma * noise, inputs["timesteps"], context).sample
        return F.mse_loss(predicted.float(), signal * noise - sigma * latents if velocity else noise)

    return training_step([*network.parameters(), *encoder.parameters()], loss, settings["optimisation"])
