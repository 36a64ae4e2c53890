"""Makes tests/golden/poly: a Polytropon adapter of PEFT for the tiny Llama of tests/golden/peft, and what it does with a uniform router.

Run from the root of the repository: python services/merge/src/adapters/poly-fixture.py (peft 0.21.0, torch 2.9.1, transformers 5.23.0).
poly/ has 3 skills and 2 splits; expected.safetensors has the logits on `ids` where every skill has the same weight.
"""

import json
import shutil
from pathlib import Path

import torch
from peft import PolyConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

BASE = "tests/golden/peft/base"
OUT = Path("tests/golden/poly")


def main():
    torch.manual_seed(5)
    shutil.rmtree(OUT, ignore_errors=True)
    config = PolyConfig(
        r=4, n_tasks=2, n_skills=3, n_splits=2, target_modules=["q_proj", "v_proj", "down_proj"], task_type="CAUSAL_LM"
    )  # fmt: skip
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32), config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "poly_lora" in name:
                parameter.normal_(0, 0.3)
            if "module_logits" in name:
                parameter.normal_(0, 2)
    model.save_pretrained(OUT)
    (OUT / "README.md").unlink(missing_ok=True)
    path = OUT / "adapter_config.json"
    said = json.loads(path.read_text()) | {"base_model_name_or_path": "base"}
    said["target_modules"].sort()
    path.write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "module_logits" in name:
                parameter.fill_(0.5)
    ids = (torch.arange(40).reshape(2, 20) * 7) % 64
    with torch.no_grad():
        logits = model(ids, task_ids=torch.tensor([0, 1])).logits
    save_file({"ids": ids, "logits": logits}, OUT / "expected.safetensors")


main()
