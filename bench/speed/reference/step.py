"""A step of training: gradient, clipping where there is any, AdamW, moving average."""

from typing import Callable, Iterable

import torch


def training_step(parameters: Iterable[torch.nn.Parameter], loss: Callable[[], torch.Tensor], settings: dict) -> Callable[[], list[float]]:
    """A call that takes a step and gives the loss before it."""
    parameters = list(parameters)
    optimiser = torch.optim.AdamW(
        parameters,
        lr=settings["learning_rate"]["peak"],
        betas=tuple(settings["betas"]),
        eps=settings["epsilon"],
        weight_decay=settings["weight_decay"],
        fused=True,  # the quickest of its implementations
    )
    clip = settings["clip_norm"] if settings["clip_norm"] < 1e9 else None
    decay = settings.get("ema_decay")
    average = None if decay is None else [parameter.detach().clone() for parameter in parameters]

    def step() -> list[float]:
        value = loss()
        value.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(parameters, clip)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        if average is not None:
            with torch.no_grad():
                torch._foreach_lerp_(average, parameters, 1 - decay)
        return [value.item()]

    return step


FIRST_VALUES = 64


def first_values(image: torch.Tensor) -> list[float]:
    """Of [n, C, H, W], in the order of [n, H, W, C]."""
    return image[0].float().permute(1, 2, 0).flatten()[:FIRST_VALUES].tolist()
