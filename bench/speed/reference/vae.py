"""A step of the autoencoder's training, by diffusers: alone, and with a perceptual term and a discriminator of patches (Esser et al. 2021)."""

from pathlib import Path
from typing import Callable

import torch
import torch.nn as nn
import torch.nn.functional as F
from diffusers import AutoencoderKL
from safetensors.torch import load_file
from step import training_step


class Stage(nn.Module):
    """A convolution and, where there is one, its norm."""

    def __init__(self, conv: nn.Conv2d, norm: nn.GroupNorm | None) -> None:
        super().__init__()
        self.conv = conv
        if norm is not None:
            self.norm = norm

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(x)
        return self.norm(x) if hasattr(self, "norm") else x


class Features(nn.Module):
    """What the project's classifier sees of images from 0 to 1 (src/metrics/classifier.ts)."""

    def __init__(self, channels: list[int]) -> None:
        super().__init__()
        a, b, c = channels
        widths = [(1, a, 2), (a, b, 2), (b, b, 1), (b, c, 2), (c, c, 1), (c, c, 2)]
        self.stages = nn.ModuleList(Stage(nn.Conv2d(i, o, 3, stride, 1), nn.GroupNorm(8, o)) for i, o, stride in widths)

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        x, seen = (image - 0.5) * 4, []
        for stage in self.stages:
            x = F.silu(stage(x))
            seen.append(x)
        return seen


class Discriminator(nn.Module):
    """A logit for each patch (src/training/losses/patch-discriminator.ts)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        widths = [(channels, 32), (32, 64), (64, 128)]
        self.stages = nn.ModuleList(Stage(nn.Conv2d(i, o, 4, 2, 1), None if k == 0 else nn.GroupNorm(8, o)) for k, (i, o) in enumerate(widths))
        self.out = nn.Conv2d(128, 1, 4, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for stage in self.stages:
            x = F.leaky_relu(stage(x), 0.2)
        return self.out(x)


def distance(features: Features, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Zhang et al. 2018, with weights of 1."""

    def unit(x: torch.Tensor) -> torch.Tensor:
        return x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)

    with torch.no_grad():
        goal = features(a)
    return sum((unit(x) - unit(y)).square().sum(1).mean() for x, y in zip(goal, features(b)))


def kl(posterior) -> torch.Tensor:
    return 0.5 * (posterior.mean.square() + posterior.var - 1 - posterior.logvar)


def start(kind: str, folder: Path, settings: dict, inputs: dict, channels_last: bool) -> Callable[[], list[float]]:
    network = AutoencoderKL.from_pretrained(folder / "vae").train()
    modules = [network]
    if kind == "vae-adversarial":
        discriminator = Discriminator(network.config.in_channels)
        discriminator.load_state_dict(load_file(folder / "discriminator" / "model.safetensors"))
        features = Features(settings["classifier"]["channels"])
        features.load_state_dict(load_file(next((folder / "classifier").glob("*.safetensors"))), strict=False)
        features.requires_grad_(False)
        modules += [discriminator, features]
    if channels_last:
        for module in modules:
            module.to(memory_format=torch.channels_last)
    images, noise = inputs["images"], inputs["noise"]

    def reconstruct():
        posterior = network.encode(images).latent_dist
        return posterior, network.decode(posterior.mean + posterior.std * noise).sample.float()

    def plain() -> torch.Tensor:
        posterior, decoded = reconstruct()
        return F.mse_loss(decoded, images) + 1e-6 * kl(posterior).sum((1, 2, 3)).mean()

    if kind == "vae-training":
        return training_step(network.parameters(), plain, settings["optimisation"])

    weights = settings["weights"]
    last = network.decoder.conv_out.weight

    def adversarial() -> torch.Tensor:
        posterior, decoded = reconstruct()
        seen = distance(features, (images + 1) / 2, (decoded + 1) / 2)
        loss = F.l1_loss(decoded, images) + weights["kl"] * kl(posterior).mean() + weights["perceptual"] * seen
        discriminator.requires_grad_(False)
        generator = -discriminator(decoded).mean()
        discriminator.requires_grad_(True)
        towards = torch.autograd.grad(loss, last, retain_graph=True)[0].norm()
        against = torch.autograd.grad(generator, last, retain_graph=True)[0].norm()
        balance = (towards / (against + 1e-4)).clamp(0, 1e4).detach()
        critic = 0.5 * (F.relu(1 - discriminator(images)).mean() + F.relu(1 + discriminator(decoded.detach())).mean())
        return loss + weights["adversarial"]["weight"] * balance * generator + critic

    return training_step([*network.parameters(), *discriminator.parameters()], adversarial, settings["optimisation"])
