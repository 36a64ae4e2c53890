"""Makes matrices.json: what the reference code makes of a few small matrices, in float64.

    python generate.py FUSION_BENCH KNOTS > matrices.json

FUSION_BENCH is a checkout of github.com/tanganke/fusion_bench, KNOTS one of github.com/gstoica27/KnOTS; needs torch. Functions are taken
out of their files one by one, so that nothing else of those repositories has to be installed.
"""

import ast
import contextlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Dict, List, Optional

import torch

FUSION_BENCH, KNOTS = (Path(path) for path in sys.argv[1:3])
SHAPES = {"wide": (8, 12), "tall": (12, 8)}
MODELS = 3
LAMBDA = 0.7


def take(path, *names, **known):
    """The functions of a file by their names, wherever they stand in it, with what they need to know."""
    scope = {"torch": torch, "List": List, "Dict": Dict, "Optional": Optional, "Tensor": torch.Tensor}
    scope |= {"StateDictType": dict, "print": lambda *_: None} | known
    found = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name in names
    ]
    for node in found:
        node.decorator_list = []
    exec(compile(ast.Module(found, []), str(path), "exec"), scope)
    return [scope[name] for name in names]


method = FUSION_BENCH / "fusion_bench" / "method"
quiet = {"timeit_context": lambda *_: contextlib.nullcontext()}
iso_c, iso_cts = take(method / "isotropic_merging/iso_utils.py", "iso_c", "iso_cts", **quiet)
(tsv_merge,) = take(
    method / "task_singular_vector/utils/TSVM_utils.py", "compute_and_sum_svd_mem_reduction"
)
progress = SimpleNamespace(write=lambda *_: None)
progress_bar = type("tqdm", (), {"__new__": lambda _, items, **__: items, "write": progress.write})
(wudi,) = take(method / "wudi/wudi.py", "wudi_merging", tqdm=progress_bar, **quiet)
(svc,) = take(
    method / "singular_value_calibration/utils.py",
    "subspace_consistency_spectral_calibration_accelerated",
)
(svd, _) = take(method / "opcm/utils.py", "svd", "_svd", Tuple=tuple)
(opcm_step,) = take(method / "opcm/opcm.py", "merge_linear_weights", svd=svd)
(magmax,) = take(method / "magmax/magmax.py", "_magmax_select")
emr, _ = take(
    method / "emr_merging/utils.py",
    "emr_merge",
    "_sign",
    state_dict_sum=lambda vectors: {key: sum(v[key] for v in vectors) for key in vectors[0]},
)
(tall_masks,) = take(method / "tall_mask/utils.py", "generate_task_masks")
(subspace_alignment,) = take(method / "knots/knots_utils.py", "subspace_alignment")
ties, *_ = take(
    KNOTS / "merging_functions.py",
    "ties_merging",
    "topk_values_mask",
    "resolve_sign",
    "resolve_zero_signs",
    "disjoint_merge",
)


def opcm(base, models):
    """The loop of OPCM.run on one matrix, with the lengths of this matrix instead of the whole model."""
    merged, state = models[0], SimpleNamespace(previous_lambda_t=1.0, lambda_t=1.0)
    norms = [torch.linalg.norm(models[0] - base)]
    for model in models[1:]:
        norms.append(torch.linalg.norm(model - base))
        mean = torch.stack(norms).mean()
        merged = opcm_step(state, merged, base, model, param_name="", alpha=0.5)
        norm = torch.linalg.norm(merged - base)
        merged = base + (merged - base) * (mean / norm)
        state.previous_lambda_t = norm / mean
    return merged


def knots_ties(deltas, density):
    """Aligns along the longer sides, keeps the largest int(ρn) of each task, and merges by the authors' TIES."""
    tall = deltas[0].shape[0] > deltas[0].shape[1]
    u, s, parts = subspace_alignment([d.T if tall else d for d in deltas], eps=1e-9)
    vectors = [(torch.diag(s) @ part).flatten() for part in parts]
    for vector in vectors:
        kept = torch.topk(vector.abs(), int(density * vector.numel())).indices
        mask = torch.zeros_like(vector)
        mask[kept] = 1
        vector *= mask
    merged = u @ ties(vectors, topK=100, merging_type="mean")[0].reshape(s.numel(), -1)
    return merged.T if tall else merged


def consensus(base, models, deltas):
    masks = tall_masks(torch.stack(deltas), torch.stack(models), base, tall_mask_lambda=0.4)
    return sum(deltas) * (masks.sum(0) >= 2)


def results(base, models):
    deltas = [model - base for model in models]
    vectors = lambda: [{"w": delta.clone()} for delta in deltas]
    of = lambda merged: base + LAMBDA * merged["w"]
    merged = base + LAMBDA * sum(deltas)
    unified, masks, rescalers = emr(vectors())
    return {
        "tsv_merge": of(tsv_merge(vectors(), accelerator="cpu")),
        "iso_c": of(iso_c(vectors(), accelerator="cpu")),
        "iso_cts": of(iso_cts(vectors(), 0.8, accelerator="cpu")),
        "knots_ties": base + LAMBDA * knots_ties(deltas, 1.0),
        "knots_ties_sparse": base + LAMBDA * knots_ties(deltas, 0.3),
        "wudi": base + wudi(vectors(), accelerator="cpu", iter_num=300)["w"].detach(),
        "svc": svc(base, models, merged, alpha=1.0),
        "svc_weak": svc(base, models, merged, alpha=0.1),
        "opcm": opcm(base, models),
        "magmax": base + LAMBDA * magmax(vectors())["w"],
        "consensus": base + LAMBDA * consensus(base, models, deltas),
        "emr": base + unified["w"],
    }, {"masks": masks["w"], "rescalers": rescalers}


def listed(tensor):
    return tensor.double().flatten().tolist()


torch.set_default_dtype(torch.float64)
torch.manual_seed(7)
cases = {}
for name, shape in SHAPES.items():
    # Values of float32, exactly; the tasks share a direction, so that there is something to disagree on.
    draw = lambda scale: (scale * torch.randn(shape)).float().double()
    base, shared = draw(0.1), draw(0.02)
    models = [(base + shared + draw(0.03)).float().double() for _ in range(MODELS)]
    merged, task = results(base, models)
    cases[name] = {
        "shape": shape,
        "base": listed(base),
        "models": [listed(model) for model in models],
        "results": {method: listed(result) for method, result in merged.items()},
        "masks": ["".join(str(int(bit)) for bit in mask.flatten()) for mask in task["masks"]],
        "rescalers": listed(task["rescalers"]),
    }
json.dump(cases, sys.stdout)
