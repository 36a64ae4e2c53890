"""Makes tests/golden/extraction: a fine-tune of the tiny Llama of tests/golden/peft and what mergekit-extract-lora makes of it.

Run from the root of the repository: python services/merge/src/extract/mergekit-fixture.py (mergekit 0.1.5, torch 2.9.1).
tuned/ is the base plus normal noise of 0.02 on every matrix but the embedding, and of 0.1 on the first norm; rank3/ is the adapter
of rank 3. Only the pairs are kept: mergekit keeps tensors in full that did not change.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

BASE = Path("tests/golden/peft/base")
OUT = Path("tests/golden/extraction")


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    tuned = OUT / "tuned"
    tuned.mkdir(parents=True)
    shutil.copy(BASE / "config.json", tuned)
    generator = torch.Generator().manual_seed(3)
    tensors = load_file(BASE / "model.safetensors")
    for name, tensor in sorted(tensors.items()):
        scale = {1: 0.1 if name == "model.layers.0.input_layernorm.weight" else 0, 2: 0.02}[tensor.dim()]
        if "embed" not in name:
            tensor += scale * torch.randn(tensor.shape, generator=generator)
    save_file(tensors, tuned / "model.safetensors", metadata={"format": "pt"})

    made = OUT / "made"
    subprocess.run(
        [Path(sys.executable).parent / "mergekit-extract-lora", "--model", tuned, "--base-model", BASE]
        + ["--out-path", made, "--max-rank", "3"],
        check=True,
    )
    rank3 = OUT / "rank3"
    rank3.mkdir()
    pairs = {key: value for key, value in load_file(made / "adapter_model.safetensors").items() if "lora_" in key}
    save_file(pairs, rank3 / "adapter_model.safetensors", metadata={"format": "pt"})
    config = json.loads((made / "adapter_config.json").read_text())
    config |= {"base_model_name_or_path": "base", "modules_to_save": None}
    config["target_modules"].sort()
    (rank3 / "adapter_config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    shutil.rmtree(made)


main()
