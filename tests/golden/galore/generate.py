"""Three steps of GaLore (arXiv:2403.03507, Algorithm 2) on a wide and a tall matrix, with torch's SVD and torch's Adam in the subspace;
again with moments that are rounded to 8 bits between two steps (arXiv:2110.02861, section 2).

python3 tests/golden/galore/generate.py   (torch 2.9.1; float64, CPU)
Writes steps.json beside this file: the settings, the start, and after each step the parameter, the projector and the moments.
"""
import json
from pathlib import Path

import torch

torch.manual_seed(3)
torch.set_default_dtype(torch.float64)
RANK, INTERVAL, SCALE, RATE, DECAY, STEPS = 2, 2, 0.5, 0.125, 0.25, 3


def projector(gradient):
    u, _, vh = torch.linalg.svd(gradient, full_matrices=False)
    rows, columns = gradient.shape
    p = u[:, :RANK] if rows <= columns else vh[:RANK].T
    largest = p.gather(0, p.abs().argmax(0, keepdim=True))
    return p * largest.sign()


def shares(signed):
    values = [0.0, 1.0]
    for decade in range(7):
        edges = torch.linspace(0.1, 1, 2**decade * (1 if signed else 2) + 1)
        middles = (edges[:-1] + edges[1:]) / 2 * 10.0 ** (decade - 6)
        values += middles.tolist() + ((-middles).tolist() if signed else [])
    assert len(values) == 256
    return torch.tensor(sorted(values))


def rounded(moment, signed):
    """One block; a second moment that is not zero stays so."""
    code = shares(signed)
    scale = moment.abs().max()
    distance = (moment.flatten()[:, None] / scale - code[None]).abs()
    if not signed:
        distance[moment.flatten() > 0, 0] = torch.inf
    return (code[distance.argmin(1)] * scale).reshape(moment.shape)


def run(rows, columns, eight_bit):
    start = torch.randn(rows, columns)
    gradients = torch.randn(STEPS, rows, columns)
    x, p, inner, adam, after = start.clone(), None, None, None, []
    for step, gradient in enumerate(gradients):
        if step % INTERVAL == 0:
            p = projector(gradient)
        r = p.T @ gradient if rows <= columns else gradient @ p
        if adam is None:
            inner = torch.zeros_like(r, requires_grad=True)
            adam = torch.optim.Adam([inner], lr=1.0)
        before = inner.detach().clone()
        inner.grad = r
        adam.step()
        move = inner.detach() - before
        x = (1 - RATE * DECAY) * x + RATE * SCALE * (p @ move if rows <= columns else move @ p.T)
        state = adam.state[inner]
        if eight_bit:
            state["exp_avg"].copy_(rounded(state["exp_avg"], True))
            state["exp_avg_sq"].copy_(rounded(state["exp_avg_sq"], False))
        tensors = {"parameter": x, "projector": p, "m": state["exp_avg"], "v": state["exp_avg_sq"]}
        after.append({name: tensor.flatten().tolist() for name, tensor in tensors.items()})
    flat = [gradient.flatten().tolist() for gradient in gradients]
    return {"shape": [rows, columns], "eightBit": eight_bit, "start": start.flatten().tolist(), "gradients": flat, "after": after}


settings = {"rank": RANK, "updateInterval": INTERVAL, "scale": SCALE, "rate": RATE, "weightDecay": DECAY}
cases = [run(4, 6, False), run(6, 4, False), run(4, 6, True), run(6, 4, True)]
path = Path(__file__).resolve().parent / "steps.json"
path.write_text(json.dumps({"settings": settings, "cases": cases}, indent=1) + "\n")
