"""Adapters on a model whose embeddings and head are one weight, as PEFT saves them, and the weights that PEFT's model computes with.

Run as `python generate.py` in this folder, with peft 0.21, torch 2.9 and transformers 5.23. `base/` is a tiny Llama with tied embeddings. Each
case has the adapter and `expected.safetensors`: embeddings and head of the model with the adapter loaded (not merged: where a pair lies on
one name of a tied weight, `merge_and_unload` adds it to the other as well, and gives other logits). The script checks that an untied Llama
with these two weights gives PEFT's logits.
"""

import json
import shutil
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

SIZES = {
    "vocab_size": 12,
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
}
CASES = {
    "save_embed": {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"]},
    "save_head": {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]},
    "save_both": {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens", "lm_head"]},
    "save_tied": {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"], "ensure_weight_tying": True},
    "pair_embed": {"target_modules": ["q_proj", "embed_tokens"]},
    "pair_head": {"target_modules": ["q_proj", "lm_head"]},
    "pair_both": {"target_modules": ["q_proj", "embed_tokens", "lm_head"]},
}
IDS = torch.arange(SIZES["vocab_size"])[None]


def make(tied: bool = True) -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(**SIZES, tie_word_embeddings=tied)).eval()


def weights_in(model: PeftModel) -> dict[str, torch.Tensor]:
    """Embeddings and head with their pairs."""
    inner = model.base_model.model
    found = {}
    for name, module in (("model.embed_tokens", inner.model.embed_tokens), ("lm_head", inner.lm_head)):
        copies = getattr(module, "modules_to_save", None)
        weight = copies["default"].weight if copies is not None else getattr(module, "base_layer", module).weight
        delta = module.get_delta_weight("default") if hasattr(module, "get_delta_weight") else 0
        found[f"{name}.weight"] = (weight + delta).detach().clone()
    return found


for name, settings in CASES.items():
    model = get_peft_model(make(), LoraConfig(r=2, lora_alpha=4, task_type="CAUSAL_LM", **settings)).eval()
    torch.manual_seed(1)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.3 * torch.randn_like(parameter)
    folder = Path(name)
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**config, "base_model_name_or_path": None}, indent=2, sort_keys=True))
    loaded = PeftModel.from_pretrained(make(), folder).eval()
    expected = weights_in(loaded)
    with torch.no_grad():
        logits = loaded(IDS).logits
        plain = make(tied=False)
        attention = loaded.base_model.model.model.layers[0].self_attn.q_proj
        state = {**make().state_dict(), **expected}
        state["model.layers.0.self_attn.q_proj.weight"] = attention.base_layer.weight + attention.get_delta_weight("default")
        plain.load_state_dict(state)
        assert torch.allclose(plain(IDS).logits, logits, atol=1e-5), name
    save_file({key: value.contiguous() for key, value in expected.items()}, folder / "expected.safetensors")

base = make()
base.save_pretrained("base", safe_serialization=True)
(Path("base") / "generation_config.json").unlink(missing_ok=True)
