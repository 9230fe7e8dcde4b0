"""Writes radgraph-tokens.json: tokens of invented texts by the package radgraph's own functions. Packages: nltk 3.9.1 (later ones match words by another engine, to which combining accents belong); radgraph's source beside (argument 1: its utils.py)."""
import json
import random
import re
import sys
import types
from pathlib import Path

for name in ("huggingface_hub", "torch"):  # utils.py imports them and its functions of tokens need neither
    sys.modules[name] = types.ModuleType(name)
sys.modules["huggingface_hub"].hf_hub_download = sys.modules["huggingface_hub"].list_repo_files = None
sys.modules["torch"].Tensor = object
space = {"__name__": "utils"}
exec(Path(sys.argv[1]).read_text(), space)

random.seed(5)
texts = [
    "No evidence of acute cardiopulmonary process. Moderate hiatal hernia.",
    "1.5 cm nodule (right/upper), well-defined: new? yes!",
    "follow-up in 2-3 weeks; 50%. of 40%, (30%) done).\nNext line\\nescaped \\\"quoted\\\" and 'quoted.' \\u2122",
    "T2/T3 -- no change..., see (a).(b) _under_score e.g. T-spine",
    "caf\u00e9 \u4e2d\u6587 \u00bd \u00b2 na\u0308ive \u00a0nbsp\u2003em\x1cfs\x85nel",
    "",
    "   \n ",
]
pieces = list("/,:.!?()-%';\"\\_ \n\t") + ["lung", "Left", "1", "cm", "n", "f", "\u00b0", "é", "\\n", "%.", ").", "%)", ".'"]
texts += ["".join(random.choice(pieces) for _ in range(40)) for _ in range(40)]
rows = [{"text": t, **{kind: space["preprocess_reports"]([t], kind)[0]["sentences"][0] for kind in ("radgraph", "radgraph-xl")}} for t in texts]
Path(__file__).with_name("radgraph-tokens.json").write_text(json.dumps({"made_with": "radgraph 0.1.18, nltk 3.9.1", "rows": rows}, indent=1) + "\n")
