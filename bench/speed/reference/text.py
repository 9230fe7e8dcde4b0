"""Contexts of texts by transformers."""

from pathlib import Path
from typing import Callable

import torch
from step import FIRST_VALUES
from transformers import BertModel, CLIPTextModel


def start(kind: str, folder: Path, settings: dict, inputs: dict, channels_last: bool) -> Callable[[], list[float]]:
    place = folder / "text_encoder"
    ids = inputs["ids"].long()
    if settings["config"].get("model_type") == "bert":
        network = BertModel.from_pretrained(place, add_pooling_layer=False).eval()
        arguments = {"input_ids": ids, "attention_mask": inputs["mask"].long()}
    else:
        network = CLIPTextModel.from_pretrained(place).eval()
        arguments = {"input_ids": ids}

    def encode() -> list[float]:
        with torch.no_grad():
            return network(**arguments).last_hidden_state[0].float().flatten()[:FIRST_VALUES].tolist()

    return encode
