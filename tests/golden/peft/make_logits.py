"""Logits of PEFT 0.21 for adapters of tests/golden/peft/adapters, on the batch: `python make_logits.py NAME ...`.

An adapter that is not there is made first from its config in MADE, with random values in all tensors that are trained.
"""

import sys
from pathlib import Path

import torch
from peft import PeftModel, PrefixTuningConfig, VeraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

HERE = Path(__file__).parent
TEXTS = 2
LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
MADE = {
    "prefix_tuning": PrefixTuningConfig(num_virtual_tokens=4, task_type="CAUSAL_LM"),
    "vera": VeraConfig(r=8, target_modules=LINEAR, save_projection=True, task_type="CAUSAL_LM"),
}


def base():
    return AutoModelForCausalLM.from_pretrained(HERE / "base", dtype=torch.float32)


def make(name):
    torch.manual_seed(0)
    model = get_peft_model(base(), MADE[name])
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn_like(parameter))
    model.peft_config["default"].base_model_name_or_path = "base"
    model.save_pretrained(HERE / "adapters" / name)
    (HERE / "adapters" / name / "README.md").unlink()


def logits(name):
    folder = HERE / "adapters" / name
    if not folder.exists():
        make(name)
    model = PeftModel.from_pretrained(base(), folder).eval()
    ids = load_file(HERE / "batch.safetensors")["input_ids"][:TEXTS]
    with torch.no_grad():
        save_file({"logits": model(input_ids=ids).logits.contiguous()}, folder / "logits.safetensors")


torch.set_num_threads(1)
for name in sys.argv[1:]:
    logits(name)
