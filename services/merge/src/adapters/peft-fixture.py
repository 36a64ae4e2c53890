"""Makes tests/golden/adapters: three LoRA adapters of the tiny Llama of tests/golden/peft and what PEFT makes of them.

Run from the root of the repository: python services/merge/src/adapters/peft-fixture.py (peft 0.21.0, torch 2.9.1, transformers 5.23.0).
knots_ties.safetensors and knots_linear.safetensors have float64 KnOTS on full matrices, per module, after arXiv:2410.19735 as gstoica27/KnOTS
computes it, with the trimming in each module.
"""

import json
import shutil
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

BASE = "tests/golden/peft/base"
OUT = Path("tests/golden/adapters")
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "embed_tokens"]
CONFIGS = {
    "x": LoraConfig(r=4, lora_alpha=8, target_modules=ALL, task_type="CAUSAL_LM"),
    "y": LoraConfig(r=4, lora_alpha=3, target_modules=ALL, task_type="CAUSAL_LM"),
    "z": LoraConfig(
        r=2,
        lora_alpha=5,
        use_rslora=True,
        target_modules=["q_proj", "down_proj"],
        rank_pattern={"down_proj": 3},
        alpha_pattern={"q_proj": 7},
        task_type="CAUSAL_LM",
    ),
}
WEIGHTS = {"x": 0.7, "y": -0.4, "z": 1.3}
MERGES = {
    "cat": dict(adapters="xyz", combination_type="cat"),
    "svd": dict(adapters="xyz", combination_type="svd", svd_rank=4),
    "linear": dict(adapters="xy", combination_type="linear"),
    "ties": dict(adapters="xy", combination_type="ties", density=0.5),
    "magnitude_prune": dict(adapters="xy", combination_type="magnitude_prune", density=0.3),
    "dare_linear": dict(adapters="xy", combination_type="dare_linear", density=1.0),
    "dare_ties": dict(adapters="xy", combination_type="dare_ties", density=1.0),
}


def knots(deltas, weights, density):
    """Full matrices in float64; density None adds instead of electing signs."""
    joined = torch.cat(deltas, dim=1)
    u, s, vt = torch.linalg.svd(joined, full_matrices=False)
    keep = s > 1e-5
    parts = torch.split(torch.diag(s[keep]) @ vt[keep], deltas[0].shape[1], dim=1)
    stacked = torch.stack(list(parts))
    w = torch.tensor(weights, dtype=torch.float64)[:, None, None]
    if density is None:
        return u[:, keep] @ (w * stacked).sum(0)
    trimmed = torch.zeros_like(stacked)
    for i, part in enumerate(stacked):
        top = part.abs().flatten().topk(int(density * part.numel())).indices
        trimmed[i].view(-1)[top] = part.flatten()[top]
    voted = w * trimmed
    sign = torch.where(voted.sum(0) >= 0, 1.0, -1.0)
    agree = (voted.sign() == sign).double()
    merged = (voted * agree).sum(0) / agree.sum(0).clamp(min=1)
    return u[:, keep] @ merged


def main():
    torch.manual_seed(7)
    shutil.rmtree(OUT, ignore_errors=True)
    base = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32)
    model = get_peft_model(base, CONFIGS["x"], adapter_name="x")
    for name in "yz":
        model.add_adapter(name, CONFIGS[name])
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.normal_(0, 0.1)
    for name, settings in MERGES.items():
        adapters = list(settings.pop("adapters"))
        weights = [WEIGHTS[a] for a in adapters]
        model.add_weighted_adapter(adapters, weights, name, **settings)
    model.save_pretrained(OUT, selected_adapters=[*CONFIGS, *MERGES], save_embedding_layers=False)
    (OUT / "README.md").unlink(missing_ok=True)
    for folder in (OUT / name for name in [*CONFIGS, *MERGES]):
        (folder / "README.md").unlink(missing_ok=True)
        path = folder / "adapter_config.json"
        config = json.loads(path.read_text())
        config["base_model_name_or_path"] = "base"
        config["target_modules"].sort()
        path.write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")

    results = {"knots_ties": {}, "knots_linear": {}}
    for path, module in model.get_base_model().named_modules():
        if not hasattr(module, "lora_A") or not module.lora_A:
            continue
        adapters = [a for a in "xyz" if a in module.lora_A]
        if not adapters:
            continue
        deltas = [
            module.scaling[a] * module.lora_B[a].weight.double() @ module.lora_A[a].weight.double() for a in adapters
        ]
        weights = [WEIGHTS[a] for a in adapters]
        results["knots_ties"][path] = knots(deltas, weights, 0.4).detach()
        results["knots_linear"][path] = knots(deltas, weights, None).detach()
    for name, tensors in results.items():
        save_file({key: value.float().contiguous() for key, value in tensors.items()}, OUT / f"{name}.safetensors")


main()
