"""Loads a mixture that `eigenloom merge` made of tests/golden/mixture with the prompts of prompts.json and GATE_MODE_CHEAP_EMBED, and
compares its logits with those of mergekit's mixture.

python services/merge/src/mixture/check-mixture.py FOLDER (torch 2.9.1, transformers 5.23.0); it was 7e-7 of logits up to 3.7.
"""

import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

expected = load_file("tests/golden/mixture/expected.safetensors")
model, info = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32, output_loading_info=True)
assert not info["missing_keys"] and not info["unexpected_keys"], info
with torch.no_grad():
    logits = model(expected["ids"]).logits
error = (logits - expected["logits"]).abs().max().item()
print(f"{type(model).__name__}: largest difference {error:.1e} of logits up to {expected['logits'].abs().max().item():.1f}")
assert error < 1e-5
