"""PyTorch's side of the linear algebra benchmark.

Reads one line of JSON per request on stdin, {"name", "rows", "columns", "inner", "seed"}, runs the operation once on two threads and
answers {"seconds"} on stdout. The matrices are standard normal, made once per shape, outside the timing.
"""

import json
import sys
import time

import torch

torch.set_num_threads(2)
made = {}


def normal(rows, columns, which):
    key = (rows, columns, which)
    if key not in made:
        generator = torch.Generator().manual_seed(which)
        made[key] = torch.randn(rows, columns, generator=generator)
    return made[key]


def half(rows, columns, which):
    key = (rows, columns, which, "bf16")
    if key not in made:
        made[key] = normal(rows, columns, which).to(torch.bfloat16)
    return made[key]


def operation(request):
    rows, columns = request["rows"], request["columns"]
    a = normal(rows, columns, 0)
    if request["name"] == "matmul":
        b = normal(rows, columns, 1)
        return lambda: a @ b
    if request["name"] == "matmul_bf16":
        left, right = half(rows, columns, 0), half(rows, columns, 1)
        return lambda: left @ right
    if request["name"] == "svd":
        return lambda: torch.linalg.svd(a, full_matrices=False)
    if request["name"] == "svdvals":
        return lambda: torch.linalg.svdvals(a)
    if request["name"] == "svd_lowrank":
        return lambda: torch.svd_lowrank(a, q=request["q"], niter=request["niter"])
    raise ValueError(request["name"])


for line in sys.stdin:
    run = operation(json.loads(line))
    start = time.perf_counter()
    run()
    print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)
