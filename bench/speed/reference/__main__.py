"""PyTorch's side of a speed row: answers the driver (run.mjs) over standard input and output, as src/cli/bench/worker.ts does.

Usage: python bench/speed/reference KIND FOLDER [channels_last] [bf16]

FOLDER holds what the library's worker wrote: settings.json, inputs.safetensors and models in the layouts of diffusers and transformers.
"""

import importlib
import json
import resource
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

KINDS = {
    "unet-forward": "unet",
    "unet-training": "unet",
    "vae-training": "vae",
    "vae-adversarial": "vae",
    "joint": "joint",
    "sampling": "sampling",
    "text-encoding": "text",
    "image-loading": "loading",
}


def main() -> None:
    kind, place, *variant = sys.argv[1:]
    folder = Path(place)
    module = importlib.import_module(KINDS[kind])
    file = folder / "inputs.safetensors"
    inputs = load_file(file) if file.exists() else {}
    if "channels_last" in variant:
        inputs = {key: value.contiguous(memory_format=torch.channels_last) if value.ndim == 4 else value for key, value in inputs.items()}
    bare = resident()
    call = module.start(kind, folder, json.loads((folder / "settings.json").read_text()), inputs, "channels_last" in variant)

    def timed() -> tuple[float, list[float]]:
        with torch.autocast("cpu", torch.bfloat16, enabled="bf16" in variant):
            start = time.perf_counter()
            output = call()
            return (time.perf_counter() - start) * 1e3, output

    (first, output), (second, more) = timed(), timed()
    say({"first": first, "second": second, "output": output + more, "bare": bare, "versions": versions(), "threads": torch.get_num_threads()})
    for line in sys.stdin:
        calls = int(line)
        if calls == 0:
            break
        say({"ms": [timed()[0] for _ in range(calls)]})
    say({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024})


def resident() -> float:
    """Memory of this process now, MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def versions() -> dict[str, str]:
    names = [name for name in ("torch", "diffusers", "transformers") if name in sys.modules]
    return {name: sys.modules[name].__version__ for name in names}


def say(message: dict) -> None:
    print(json.dumps(message), flush=True)


main()
