"""Step 2 of 2: runs the folders that networks.mjs wrote through the reference implementations and writes their outputs into networks.json.

Packages: torch, diffusers, transformers, safetensors; the versions used are written into the file.
"""
import json
import sys
from pathlib import Path

import diffusers
import torch
import transformers
from safetensors.torch import load_file

folder = Path(sys.argv[1])
path = Path(__file__).with_name("networks.json")
golden = json.loads(path.read_text())


def last_to_second(x):
    return x.permute(0, 3, 1, 2).contiguous()


def record(x):
    """Channels last: the shape, the mean of the absolute values, and 24 values spread over the tensor."""
    x = x.permute(0, 2, 3, 1) if x.ndim == 4 else x
    flat = x.double().flatten()
    return {"shape": list(x.shape), "mean_abs": flat.abs().mean().item(), "values": [flat[i * flat.numel() // 24].item() for i in range(24)]}


with torch.no_grad():
    net, inputs = diffusers.UNet2DConditionModel.from_pretrained(folder / "unet").double(), load_file(folder / "unet" / "inputs.safetensors")
    out = net(last_to_second(inputs["latents"]).double(), torch.tensor(golden["unet"]["timesteps"]), inputs["context"].double()).sample
    golden["unet"]["expected"] = {"output": record(out)}

    net, inputs = diffusers.AutoencoderKL.from_pretrained(folder / "vae").double(), load_file(folder / "vae" / "inputs.safetensors")
    posterior = net.encode(last_to_second(inputs["image"]).double()).latent_dist
    decoded = net.decode(last_to_second(inputs["z"]).double()).sample
    golden["vae"]["expected"] = {"mean": record(posterior.mean), "logvar": record(posterior.logvar), "decoded": record(decoded)}

    net = transformers.CLIPTextModel.from_pretrained(folder / "text_encoder", attn_implementation="eager").double()
    out = net(torch.tensor(golden["text_encoder"]["ids"]))
    golden["text_encoder"]["expected"] = {"last_hidden_state": record(out.last_hidden_state), "pooled": record(out.pooler_output)}

golden["made_with"] = {m.__name__: m.__version__ for m in (torch, diffusers, transformers)}
path.write_text(json.dumps(golden, indent=2) + "\n")
