"""The U-Net alone, by diffusers."""

from pathlib import Path
from typing import Callable

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from step import first_values, training_step


def start(kind: str, folder: Path, settings: dict, inputs: dict, channels_last: bool) -> Callable[[], list[float]]:
    network = UNet2DConditionModel.from_pretrained(folder / "unet")
    if channels_last:
        network = network.to(memory_format=torch.channels_last)

    def output() -> torch.Tensor:
        return network(inputs["x"], inputs["timesteps"], inputs["context"]).sample

    if kind == "unet-forward":
        network.eval()

        def forward() -> list[float]:
            with torch.no_grad():
                return first_values(output())

        return forward
    network.train()
    if settings["checkpointing"]:
        network.enable_gradient_checkpointing()
    return training_step(network.parameters(), lambda: F.mse_loss(output().float(), inputs["target"]), settings["optimisation"])
