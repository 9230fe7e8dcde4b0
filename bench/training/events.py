"""Reads a run's event file with TensorBoard's own reader and compares it with log.jsonl: python bench/training/events.py RUN (needs tensorboard)."""
import json
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

run = Path(sys.argv[1])
events = EventAccumulator(str(run))
events.Reload()
lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
for tag, key in (("loss", "loss"), ("learning_rate", "learningRate"), ("gradient_norm", "gradientNorm")):
    read = {e.step: e.value for e in events.Scalars(tag)}
    for line in lines:
        assert abs(read[line["step"]] - line[key]) <= 1e-6 * max(1, abs(line[key])), (tag, line["step"])
    print(tag, len(read), "steps agree")
