"""Writes blip2-vision.json: states of transformers' Blip2VisionModel, whose weights follow from a rule, so that the file holds results alone.

Packages: torch, transformers. Value i of a parameter is 0.3 * sin(2.17 * i + number of the parameter), those of norms' weights 1 more, in PyTorch's layout;
parameters are counted from 0 in the order of the file's list. Pixel i of the images, [B, 3, H, W], is sin(0.37 * i).
"""
import json
from pathlib import Path

import torch
import transformers
from transformers.models.blip_2.modeling_blip_2 import Blip2VisionModel

cases = []
for bias in (True, False):
    config = {"model_type": "blip_2_vision_model", "hidden_size": 12, "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 3, "image_size": 8, "patch_size": 4, "qkv_bias": bias}
    model = Blip2VisionModel(transformers.Blip2VisionConfig(**config)).double().eval()
    parameters = []
    with torch.no_grad():
        for number, (key, p) in enumerate(model.named_parameters()):
            i = torch.arange(p.numel(), dtype=torch.float64)
            isNorm = key.endswith("weight") and "norm" in key
            p.copy_((0.3 * torch.sin(2.17 * i + number)).reshape(p.shape) + (1 if isNorm else 0))
            parameters.append({"key": key, "shape": list(p.shape)})
        pixels = torch.sin(0.37 * torch.arange(2 * 3 * 8 * 8, dtype=torch.float64)).reshape(2, 3, 8, 8)
        states = model(pixel_values=pixels).last_hidden_state
    cases.append({"config": config, "parameters": parameters, "states": [[[round(x, 9) for x in row] for row in rows] for rows in states.tolist()]})
out = {"cases": cases, "made_with": {m.__name__: m.__version__ for m in (torch, transformers)}}
Path(__file__).with_name("blip2-vision.json").write_text(json.dumps(out) + "\n")
