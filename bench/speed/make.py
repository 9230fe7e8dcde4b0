"""The models and inputs that both sides of a speed row load, so that their outputs can be compared.

Usage: python make.py FOLDER CASE...

Writes FOLDER/CASE/model (diffusers' layout, random weights) and FOLDER/CASE/inputs.safetensors; a case that is there is left as it is.
"""

import json
import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file

CASES = json.loads((Path(__file__).parent / "cases.json").read_text())


def unet_inputs(case: dict) -> dict[str, torch.Tensor]:
    config, batch = case["config"], case["batch"]
    shape = (batch, config["in_channels"], config["sample_size"], config["sample_size"])
    return {
        "x": torch.randn(shape),
        "timesteps": torch.randint(0, 1000, (batch,)).float(),
        "context": torch.randn(batch, case["tokens"], config["cross_attention_dim"]),
        "target": torch.randn(shape),
    }


def vae_inputs(case: dict) -> dict[str, torch.Tensor]:
    config, batch = case["config"], case["batch"]
    side = config["sample_size"]
    reduced = side // 2 ** (len(config["block_out_channels"]) - 1)
    return {
        "x": torch.randn(batch, config["in_channels"], side, side),
        "noise": torch.randn(batch, config["latent_channels"], reduced, reduced),
    }


KINDS = {"unet": (UNet2DConditionModel, unet_inputs), "vae": (AutoencoderKL, vae_inputs)}


def main() -> None:
    folder = Path(sys.argv[1])
    for name in sys.argv[2:]:
        case = CASES[name]
        place = folder / name
        if (place / "inputs.safetensors").exists():
            continue
        network, inputs = KINDS[case["kind"]]
        torch.manual_seed(20251)
        network(**case["config"]).save_pretrained(place / "model")
        save_file({key: value.contiguous() for key, value in inputs(case).items()}, place / "inputs.safetensors")


main()
