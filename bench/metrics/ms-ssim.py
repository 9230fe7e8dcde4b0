"""MS-SSIM as pytorch-msssim computes it, of pairs of grey images from two raw float32 files. Prints a line with values' file and seconds for each line that it reads."""

import sys
import time

import numpy
import torch
from pytorch_msssim import ms_ssim

first, second, size, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
a, b = (torch.from_numpy(numpy.fromfile(path, dtype=numpy.float32).reshape(-1, 1, size, size)) for path in (first, second))
BATCH = 32
for _ in sys.stdin:
    start = time.perf_counter()
    with torch.no_grad():
        values = torch.cat([ms_ssim(a[i : i + BATCH], b[i : i + BATCH], data_range=1, size_average=False) for i in range(0, len(a), BATCH)])
    seconds = time.perf_counter() - start
    values.numpy().tofile(out)
    print(seconds, flush=True)
