"""Runs every scheduler's configs of schedulers.json through diffusers and writes timesteps, levels and trajectories into it.

The model is a formula, 0.9 sin(1.3 input + t / 1000) in float64; call i draws the i-th row of `noise`.

Packages: torch, diffusers; the versions used are written into the file.
"""
import json
import math
import re
import sys
from pathlib import Path

import diffusers
import torch

path = Path(__file__).with_name("schedulers.json")
golden = json.loads(path.read_text())


def rounded(values):
    assert all(math.isfinite(v) for v in values), values
    return [float(f"{float(v):.8g}") for v in values]


def run(case):
    cls = getattr(diffusers, case["class"])
    scheduler = cls(**golden["base"], **case["config"])
    drawn = []

    def next_noise(shape, **_):
        drawn[-1] = True
        return torch.tensor(golden["noise"][len(drawn) - 1])[None]

    module = sys.modules[cls.__module__]
    if hasattr(module, "randn_tensor"):
        module.randn_tensor = next_noise
    scheduler.set_timesteps(golden["steps"])
    x = torch.tensor(golden["start"])[None] * scheduler.init_noise_sigma
    latents = []
    for t in scheduler.timesteps:
        drawn.append(False)
        shown = scheduler.scale_model_input(x, t)
        output = (0.9 * torch.sin(1.3 * shown.double() + float(t) / 1000)).float()
        x = scheduler.step(output, t, x, **case.get("step", {}), return_dict=False)[0].float()
        latents.append(rounded(x[0]))
    return {"timesteps": rounded(scheduler.timesteps), "init_noise_sigma": float(scheduler.init_noise_sigma), "draws": drawn, "latents": latents}


for case in golden["cases"]:
    case["expected"] = run(case)
golden["made_with"] = {module.__name__: module.__version__ for module in (torch, diffusers)}

# One line per row of numbers, so that a change can be read.
text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda found: "[" + re.sub(r"\s*\n\s*", " ", found[1]) + "]", json.dumps(golden, indent=2))
path.write_text(text + "\n")
