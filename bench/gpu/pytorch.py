"""One program of the archive by PyTorch with the modules of diffusers and transformers: python3 pytorch.py PROGRAM.json eager|compiled. Prints one line of JSON.

Shapes, precision and optimiser are those of the program, weights are PyTorch's own random ones. Memory is in the layout that suits the GPU's convolutions (channels last).
"""

import json
import sys
import time
from pathlib import Path
from typing import Callable

import torch
import torch.nn.functional as F

SECONDS = 6
MOST_CALLS = 50


def main() -> None:
    file, way = sys.argv[1:]
    program = json.loads(Path(file).read_text())
    about = {key: program[key] for key in ("name", "title", "precision", "images")} | {"pytorch": way}
    try:
        print(json.dumps(about | measured(program["module"], program["precision"], way == "compiled")), flush=True)
    except Exception as error:  # whatever it is, the others are still measured
        print(json.dumps(about | {"failed": f"{type(error).__name__}: {str(error).splitlines()[0][:300] if str(error) else ''}"}), flush=True)
        sys.exit(1)


def measured(module: dict, precision: str, is_compiled: bool) -> dict:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(1)
    torch.set_float32_matmul_precision("highest" if precision == "float32" else "high")
    torch.backends.cudnn.allow_tf32 = precision != "float32"
    torch.backends.cudnn.benchmark = True
    with torch.device(device):
        call = STARTS[module["network"]](module, torch.compile if is_compiled else lambda network: network)

    def timed() -> float:
        start = time.perf_counter()
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
            call()
        if device == "cuda":
            torch.cuda.synchronize()
        return (time.perf_counter() - start) * 1e3

    first = timed()
    for _ in range(2):
        timed()
    calls, until = [], time.perf_counter() + SECONDS
    while not calls or (len(calls) < MOST_CALLS and time.perf_counter() < until):
        calls.append(timed())
    calls.sort()
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else None
    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "versions": {name: sys.modules[name].__version__ for name in ("torch", "diffusers", "transformers") if name in sys.modules},
        "compileSeconds": first / 1e3,
        "milliseconds": {"least": calls[0], "median": calls[len(calls) // 2], "calls": len(calls)},
        "peakBytes": peak,
    }


Compile = Callable[[torch.nn.Module], torch.nn.Module]


def channels_last(x):
    """Of a network or a tensor."""
    return x.to(memory_format=torch.channels_last)


def unet(module: dict, compiled: Compile) -> Callable[[], None]:
    from diffusers import UNet2DConditionModel

    network = channels_last(UNet2DConditionModel(**module["config"]))
    batch, side, tokens = module["batch"], module["side"], module["tokens"]
    x = channels_last(torch.randn(batch, module["config"]["in_channels"], side, side))
    context = torch.randn(batch, tokens, module["config"]["cross_attention_dim"])
    timesteps = (torch.arange(batch) * 997 + 13) % 1000
    if not module["training"]:
        predict = compiled(network.eval())
        return torch.no_grad()(lambda: predict(x, timesteps, context).sample)
    target = torch.randn_like(x)
    forward = compiled(network.train())
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, fused=True)

    def step() -> None:
        F.mse_loss(forward(x, timesteps, context).sample.float(), target).backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    return step


def decoder(module: dict, compiled: Compile) -> Callable[[], None]:
    from diffusers import AutoencoderKL

    network = channels_last(AutoencoderKL(**module["config"])).eval()
    side = module["side"]
    z = channels_last(torch.randn(module["batch"], module["config"]["latent_channels"], side, side))
    network.decoder = compiled(network.decoder)
    return torch.no_grad()(lambda: network.decode(z).sample)


def text_encoder(module: dict, compiled: Compile) -> Callable[[], None]:
    from transformers import CLIPTextConfig, CLIPTextModel

    network = compiled(CLIPTextModel(CLIPTextConfig(**module["config"])).eval())
    ids = torch.arange(77 * module["batch"]).reshape(module["batch"], 77) * 7919 % (module["config"]["vocab_size"] - 2)
    return torch.no_grad()(lambda: network(ids).last_hidden_state)


STARTS = {"UNet2DConditionModel": unet, "AutoencoderKL": decoder, "CLIPTextModel": text_encoder}

main()
