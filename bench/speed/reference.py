"""PyTorch's side of a speed row, with diffusers: answers the driver (run.mjs) over standard input and output.

Usage: python reference.py FOLDER CASE MODE [channels_last] [bf16]
"""

import json
import resource
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file

folder, name, mode, *variant = sys.argv[1:]
CASE = json.loads((Path(__file__).parent / "cases.json").read_text())[name]
place = Path(folder) / name
inputs = load_file(place / "inputs.safetensors")
network = {"unet": UNet2DConditionModel, "vae": AutoencoderKL}[CASE["kind"]].from_pretrained(place / "model")
network.train(mode == "train")
if "channels_last" in variant:
    network = network.to(memory_format=torch.channels_last)
    inputs = {key: value.contiguous(memory_format=torch.channels_last) if value.ndim == 4 else value for key, value in inputs.items()}
optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=1e-2) if mode == "train" else None


def unet() -> torch.Tensor:
    return network(inputs["x"], inputs["timesteps"], inputs["context"]).sample


def unet_loss() -> torch.Tensor:
    return F.mse_loss(unet().float(), inputs["target"])


def vae_loss() -> torch.Tensor:
    posterior = network.encode(inputs["x"]).latent_dist
    latents = posterior.mean + posterior.std * inputs["noise"]
    return F.mse_loss(network.decode(latents).sample.float(), inputs["x"]) + 1e-6 * posterior.kl().mean()


LOSSES = {"unet": unet_loss, "vae": vae_loss}


def run() -> list[float]:
    """One call: the first values of the output, or the loss."""
    autocast = torch.autocast("cpu", torch.bfloat16, enabled="bf16" in variant)
    if mode == "forward":
        with torch.no_grad(), autocast:
            output = unet().float()
        return output.permute(0, 2, 3, 1).flatten()[:64].tolist()
    with autocast:
        loss = LOSSES[CASE["kind"]]()
    loss.backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return [loss.item()]


def timed() -> tuple[float, list[float]]:
    start = time.perf_counter()
    output = run()
    return (time.perf_counter() - start) * 1e3, output


def say(message: dict) -> None:
    print(json.dumps(message), flush=True)


first, output = timed()
say({"first": first, "output": output, "versions": {"torch": torch.__version__}, "threads": torch.get_num_threads()})
for line in sys.stdin:
    repeats = int(line)
    if repeats == 0:
        say({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024})
        break
    say({"ms": [timed()[0] for _ in range(repeats)]})
