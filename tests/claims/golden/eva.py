"""What PEFT's EVA makes of MiniLM on 48 texts of 24 tokens each: ranks and components, for row 58.

python3 tests/claims/golden/eva.py   (peft 0.21.0, torch 2.13.0, transformers 5.18.0, safetensors 0.8.0; CPU, one thread)
Writes eva.jsonl (the texts), eva.json (ranks) and eva.safetensors (components by module) beside this file.
"""
import json
from pathlib import Path

import torch
from peft import EvaConfig, LoraConfig, get_peft_model
from peft.tuners.lora.eva import get_eva_state_dict
from safetensors.torch import save_file
from transformers import AutoModel, AutoTokenizer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
MODEL = ROOT / ".cache" / "models" / "all-MiniLM-L6-v2"
LENGTH, RANK, WINDOW = 24, 8, 5

torch.set_num_threads(1)
sentences = [
    json.loads(line)["text"]
    for name in ("topics-train.jsonl", "topics-validation.jsonl")
    for line in (ROOT / "examples" / "data" / name).read_text().splitlines()
]
texts = [" ".join((sentences + sentences)[i : i + WINDOW]) for i in range(len(sentences))]
tokenizer = AutoTokenizer.from_pretrained(MODEL)
batch = tokenizer(texts, truncation=True, max_length=LENGTH, return_tensors="pt")
assert batch["attention_mask"].all() and batch["input_ids"].shape == (len(texts), LENGTH)

config = LoraConfig(
    r=RANK,
    lora_alpha=RANK,
    target_modules=["query", "key", "value", "attention.output.dense"],
    init_lora_weights="eva",
    eva_config=EvaConfig(rho=2.0, tau=0.99, whiten=False),
)
model = get_peft_model(AutoModel.from_pretrained(MODEL), config, low_cpu_mem_usage=True)
# The same batch again and again, until its components have converged.
state = get_eva_state_dict(model, [dict(batch)] * 4, prepare_model_inputs_fn=None, prepare_layer_inputs_fn=None, show_progress_bar=False)
components = {name.removeprefix("base_model.model."): vectors.float().contiguous() for name, vectors in state.items()}
(HERE / "eva.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
ranks = {name: vectors.shape[0] for name, vectors in sorted(components.items())}
(HERE / "eva.json").write_text(json.dumps({"length": LENGTH, "rank": RANK, "ranks": ranks}, indent=1) + "\n")
save_file(components, HERE / "eva.safetensors")
print(ranks)
