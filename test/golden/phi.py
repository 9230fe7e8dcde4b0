"""Writes phi.json: logits of transformers' Phi, whose weights follow from a rule, so that the file holds results alone.

Packages: torch, transformers. Value i of a parameter is 0.3 * sin(2.17 * i + number of the parameter), those of norms' weights 1 more, in PyTorch's layout;
parameters are counted from 0 in the order of the file's list.
"""
import json
from pathlib import Path

import torch
import transformers

ids, mask = [[3, 1, 4, 1, 5], [0, 0, 9, 2, 6]], [[1, 1, 1, 1, 1], [0, 0, 1, 1, 1]]
cases = []
for more in [{}, {"num_key_value_heads": 2, "rope_parameters": {"rope_type": "default", "rope_theta": 5000.0, "partial_rotary_factor": 0.25}}]:
    config = {"model_type": "phi", "vocab_size": 11, "hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 16, **more}
    model = transformers.PhiForCausalLM(transformers.PhiConfig(**config)).double().eval()
    parameters = []
    with torch.no_grad():
        for number, (key, p) in enumerate(model.named_parameters()):
            i = torch.arange(p.numel(), dtype=torch.float64)
            p.copy_((0.3 * torch.sin(2.17 * i + number)).reshape(p.shape) + (1 if "layernorm.weight" in key else 0))
            parameters.append({"key": key, "shape": list(p.shape)})
        m = torch.tensor(mask)
        logits = model(input_ids=torch.tensor(ids), attention_mask=m, position_ids=(m.cumsum(-1) - 1).clamp(min=0)).logits
    cases.append({"config": config, "parameters": parameters, "logits": [[[round(x, 9) for x in row] for row in rows] for rows in logits.tolist()]})
out = {"ids": ids, "mask": mask, "cases": cases, "made_with": {m.__name__: m.__version__ for m in (torch, transformers)}}
Path(__file__).with_name("phi.json").write_text(json.dumps(out) + "\n")
