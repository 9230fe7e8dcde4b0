"""Writes chexagent-2.json: what CheXagent-2's parts say, composed of transformers' SigLIP and Phi, whose weights follow from a rule, so that the file holds results alone.

Packages: torch, transformers. Value i of a parameter is 0.3 * sin(2.17 * i + number of the parameter), those of norms' weights 1 more, in PyTorch's layout;
parameters are counted from 0 in the order of the file's list. Pixel i of the images, [2, 8, 8], grey, is 0.5 + 0.5 * sin(0.37 * i). The composition is that of
arXiv:2401.12208's second release: the encoder's states before its last norm, places added, linear, GELU, linear, norm, a square matrix; then between two marks.
"""
import json
from pathlib import Path

import torch
import transformers

vision = {"hidden_size": 12, "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 3, "image_size": 8, "patch_size": 4}
language = {"vocab_size": 13, "hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 32}
START, END, PLACE = 11, 12, 0
ids = [3, START, PLACE, PLACE, PLACE, PLACE, END, 4, START, PLACE, PLACE, PLACE, PLACE, END, 5, 9]


class Visual(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        seen = vision["hidden_size"]
        self.model = transformers.SiglipVisionModel(transformers.SiglipVisionConfig(**vision))
        self.model = getattr(self.model, "vision_model", self.model)
        self.pos_embed = torch.nn.Parameter(torch.zeros(4, seen))
        self.attn_pool = torch.nn.Sequential(torch.nn.Linear(seen, 4 * width), torch.nn.GELU(), torch.nn.Linear(4 * width, width))
        self.ln_post = torch.nn.LayerNorm(width, eps=1e-6)
        self.proj = torch.nn.Parameter(torch.zeros(width, width))

    def forward(self, pixels):
        states = self.model.encoder(inputs_embeds=self.model.embeddings(pixels)).last_hidden_state
        return self.ln_post(self.attn_pool(states + self.pos_embed)) @ self.proj


phi = transformers.PhiForCausalLM(transformers.PhiConfig(**language))
phi.model.visual = Visual(language["hidden_size"])
phi = phi.double().eval()
parameters = []
with torch.no_grad():
    for number, (key, p) in enumerate(phi.named_parameters()):
        i = torch.arange(p.numel(), dtype=torch.float64)
        p.copy_((0.3 * torch.sin(2.17 * i + number)).reshape(p.shape) + (1 if key.endswith("weight") and ("norm" in key or "ln_post" in key) else 0))
        parameters.append({"key": key, "shape": list(p.shape)})
    pixels = 0.5 + 0.5 * torch.sin(0.37 * torch.arange(2 * 8 * 8, dtype=torch.float64)).reshape(2, 1, 8, 8)
    images = phi.model.visual((pixels.repeat(1, 3, 1, 1) - 0.5) / 0.5)
    embeddings = phi.model.embed_tokens(torch.tensor([ids]))
    starts = [i for i, token in enumerate(ids) if token == START]
    for image, start in zip(images, starts):
        embeddings[0, start + 1 : start + 5] = image
    logits = phi(inputs_embeds=embeddings).logits[0]
rounded = lambda rows: [[round(x, 9) for x in row] for row in rows.tolist()]
out = {
    "config": {"model_type": "chexagent", **language, "visual": {"image_size": 8, "output_dim": 32}, "vision_config": {k: v for k, v in vision.items() if k != "image_size"}},
    "parameters": parameters, "ids": ids, "place": PLACE, "images": [rounded(image) for image in images], "logits": rounded(logits),
    "made_with": {m.__name__: m.__version__ for m in (torch, transformers)},
}
Path(__file__).with_name("chexagent-2.json").write_text(json.dumps(out) + "\n")
