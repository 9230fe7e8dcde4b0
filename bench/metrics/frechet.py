"""Frechet distance as torchmetrics computes it (0.11 and later): eigenvalues of the covariances' product, in float64. Features come as raw float32 files."""

import sys
import time

import numpy
import torch


def moments(path, columns):
    features = torch.from_numpy(numpy.fromfile(path, dtype=numpy.float32).reshape(-1, columns)).double()
    mean = features.mean(0)
    return mean, (features - mean).T @ (features - mean) / (len(features) - 1)


first, second, columns = sys.argv[1], sys.argv[2], int(sys.argv[3])
for _ in range(int(sys.argv[4])):
    start = time.perf_counter()
    (m, s), (n, t) = moments(first, columns), moments(second, columns)
    shared = torch.linalg.eigvals(s @ t).sqrt().real.sum()
    distance = (m - n).square().sum() + s.trace() + t.trace() - 2 * shared
    print(float(distance), time.perf_counter() - start, flush=True)
