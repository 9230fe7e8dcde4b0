"""Images of a folder into one tensor, by Pillow: as many at a time as there are threads."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable

import numpy as np
import torch
from PIL import Image


def start(kind: str, folder: Path, settings: dict, inputs: dict, channels_last: bool) -> Callable[[], list[float]]:
    size = settings["size"]

    def read(path: Path) -> np.ndarray:
        with Image.open(path) as image:
            small = image.convert("L").resize((size, size), Image.Resampling.BOX)
        return np.asarray(small, np.float32) / 255

    def load() -> list[float]:
        paths = [folder / "images" / f"{i}.png" for i in range(settings["images"])]
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            pixels = torch.from_numpy(np.stack(list(pool.map(read, paths))))
        return pixels[0].flatten()[:size].tolist()

    return load
