"""Writes radgraph-heads.json: scores and losses of DyGIE++'s own modules (package radgraph 0.1.18; argument 1 is its source folder) on given words' vectors.

Packages: torch and what radgraph imports. Weights follow from a rule, so that the file holds results alone: value i of a parameter is
0.9 * sin(2.17 * i + number of the parameter), parameters counted from 0 in the order of the list below, in PyTorch's layout.
"""
import json
import sys
from pathlib import Path

import torch

sys.path.insert(0, sys.argv[1])
from radgraph.allennlp.data import Vocabulary  # noqa: E402
from radgraph.allennlp.modules import FeedForward  # noqa: E402
from radgraph.allennlp.modules.span_extractors import EndpointSpanExtractor  # noqa: E402
from radgraph.dygie.models.ner import NERTagger  # noqa: E402
from radgraph.dygie.models.relation import RelationExtractor  # noqa: E402

torch.set_default_dtype(torch.float64)
C, F, M, HIDDEN, SPW = 6, 3, 3, [12, 8], 0.5
W = 9
vocab = Vocabulary(non_padded_namespaces=["*labels"])
for label in ["", "ANAT-DP", "OBS-DP", "OBS-U", "OBS-DA"]:
    vocab.add_token_to_namespace(label, "radgraph__ner_labels")
for label in ["modify", "located_at", "suggestive_of"]:
    vocab.add_token_to_namespace(label, "radgraph__relation_labels")


def feedforward(input_dim):
    return FeedForward(input_dim=input_dim, num_layers=2, hidden_dims=HIDDEN, activations=torch.nn.ReLU(), dropout=0.0)


extractor = EndpointSpanExtractor(C, combination="x,y", num_width_embeddings=M, span_width_embedding_dim=F, bucket_widths=False)
ner = NERTagger(vocab, feedforward, 2 * C + F)
relation = RelationExtractor(vocab, feedforward, 2 * C + F, F, SPW)
names = [
    ("_endpoint_span_extractor.", extractor, ["_span_width_embedding.weight"]),
    ("_ner.", ner, [f"_ner_scorers.radgraph__ner_labels.{x}" for x in
                    ["0._module._linear_layers.0.weight", "0._module._linear_layers.0.bias", "0._module._linear_layers.1.weight",
                     "0._module._linear_layers.1.bias", "1._module.weight", "1._module.bias"]]),
    ("_relation.", relation, [f"_mention_pruners.radgraph__relation_labels._scorer.{x}" for x in
                              ["0._module._linear_layers.0.weight", "0._module._linear_layers.0.bias", "0._module._linear_layers.1.weight",
                               "0._module._linear_layers.1.bias", "1._module.weight", "1._module.bias"]]
     + [f"_relation_feedforwards.radgraph__relation_labels._linear_layers.{x}" for x in ["0.weight", "0.bias", "1.weight", "1.bias"]]
     + [f"_relation_scorers.radgraph__relation_labels.{x}" for x in ["weight", "bias"]]),
]
parameters = []
number = 0
for prefix, module, keys in names:
    state = module.state_dict()
    assert set(keys) == set(state), set(keys) ^ set(state)
    for key in keys:
        i = torch.arange(state[key].numel(), dtype=torch.float64)
        state[key].copy_((0.9 * torch.sin(2.17 * i + number)).reshape(state[key].shape))
        parameters.append({"key": prefix + key, "shape": list(state[key].shape)})
        number += 1

i = torch.arange(W * C, dtype=torch.float64)
words = torch.cos(0.71 * i + 0.013 * i * i).reshape(1, W, C)
rows = []
for length, entities, relations in [
    (9, [[0, 0, 2], [1, 1, 1], [2, 3, 2], [5, 5, 4], [6, 8, 3]], [[0, 0, 2, 3, 0], [2, 3, 1, 1, 1], [6, 8, 5, 5, 2]]),
    (4, [[0, 1, 1], [3, 3, 2]], [[3, 3, 0, 1, 1]]),
    (1, [[0, 0, 4]], []),
]:
    spans = [(s, e) for s in range(length) for e in range(s, min(length, s + M))]
    tensor = torch.tensor([spans])
    mask = torch.ones(1, len(spans))
    embedded = extractor(words[:, :length], tensor)
    lengths = torch.tensor([length])
    labels = torch.zeros(1, len(spans), dtype=torch.long)
    for s, e, label in entities:
        labels[0, spans.index((s, e))] = label
    adjacency = torch.full((1, len(spans), len(spans)), -1)
    for a, b, c, d, kind in relations:
        adjacency[0, spans.index((a, b)), spans.index((c, d))] = kind

    class Documents(list):
        dataset = "radgraph"

    ner._active_namespace = "radgraph__ner_labels"
    scores = ner._ner_scorers["radgraph__ner_labels"](embedded)
    relation._active_namespace = "radgraph__relation_labels"
    chances = relation._mention_pruners["radgraph__relation_labels"]._scorer(embedded).flatten().sort().values
    assert len(chances) == 1 or (chances[1:] - chances[:-1]).min() > 1e-4, "ties: which spans are kept would not be determined"
    top, top_scores, _, top_mask, indices, top_spans = relation._prune_spans(tensor, mask, embedded, lengths)
    pair_scores = relation._compute_relation_scores(relation._compute_span_pair_embeddings(top), top_scores)
    gold = relation._get_pruned_gold_relations(adjacency, indices, top_mask)
    cross = torch.nn.CrossEntropyLoss(reduction="sum")(torch.cat([torch.zeros(1, len(spans), 1), scores], -1).view(-1, 5), labels.view(-1))
    rows.append({
        "length": length, "gold": {"entities": entities, "relations": relations}, "spans": spans, "entities": scores[0].flatten().tolist(),
        "top": top_spans[0].tolist(), "relations": pair_scores[0, :, :, 1:].flatten().tolist(),
        "entity_loss": cross.item(), "relation_loss": relation._get_cross_entropy_loss(pair_scores, gold).item(),
    })
golden = {"made_with": {"torch": torch.__version__, "radgraph": "0.1.18"}, "sizes": {"width": C, "feature": F, "max_span_width": M, "hidden_dims": HIDDEN,
          "spans_per_word": SPW, "words": W}, "parameters": parameters, "rows": rows}
Path(__file__).with_name("radgraph-heads.json").write_text(json.dumps(golden, indent=1) + "\n")
