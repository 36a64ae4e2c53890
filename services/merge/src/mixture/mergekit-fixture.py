"""Makes tests/golden/mixture: a tiny Llama with a tokenizer, two fine-tunes, and what mergekit-moe makes of them.

Run from the root of the repository: python services/merge/src/mixture/mergekit-fixture.py (mergekit 0.1.5, torch 2.9.1, transformers 5.23.0).
base/, a/, b/: dense models; expected.safetensors: routers (layers, experts, hidden) of mergekit's functions on the model in float32, and
`logits` of the mixture with the routers of `cheap_embed` on `ids`, from transformers; mixture.safetensors: mergekit's tensors of it.
"""

import json
import shutil
from pathlib import Path

import torch
from mergekit.moe.config import Expert, MoEMergeConfig
from mergekit.moe.mixtral import MixtralMoE
from mergekit.moe.router import get_gate_params, get_hidden_states, tokenize_prompts
from mergekit.options import MergeOptions
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

OUT = Path("tests/golden/mixture")
WORDS = "<unk> <s> </s> one two three four five red green blue write a poem about the sea solve this sum now".split()
PROMPTS = {
    "a": (["solve this sum now", "one two three four"], ["write a poem about"]),
    "b": (["write a poem about the sea", "the green blue sea now a poem"], []),
}


def write_dense(name, seed, base=None):
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(WORDS), hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=32, rms_norm_eps=1e-6, initializer_range=0.3,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    if base is not None:
        with torch.no_grad():
            for ours, theirs in zip(model.parameters(), base.parameters()):
                ours.copy_(theirs + 0.2 * ours)
    model.save_pretrained(OUT / name)
    (OUT / name / "generation_config.json").unlink(missing_ok=True)
    return model


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    base = write_dense("base", 0)
    write_dense("a", 1, base)
    write_dense("b", 2, base)
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    tokenizer.save_pretrained(OUT / "base")

    experts = [
        Expert(source_model=str(OUT / name), positive_prompts=positive, negative_prompts=negative)
        for name, (positive, negative) in PROMPTS.items()
    ]
    config = MoEMergeConfig(base_model=str(OUT / "base"), experts=experts, gate_mode="cheap_embed")
    expected = {}
    gates = get_gate_params(config.base_model, tokenizer, experts, mode="cheap_embed")
    expected["cheap_embed"] = gates
    model = AutoModelForCausalLM.from_pretrained(OUT / "base", dtype=torch.float32)
    for average, name in [(True, "hidden_average"), (False, "hidden_last")]:
        # One prompt a batch, so that there is no padding.
        state = lambda texts: torch.stack(
            [get_hidden_states(model, tokenize_prompts([text], tokenizer), average) for text in texts]
        ).mean(0)
        rows = []
        for positive, negative in PROMPTS.values():
            row = state(positive) - (state(negative) if negative else 0)
            rows.append(row / row.norm(dim=-1, keepdim=True))
        expected[name] = torch.stack(rows).permute(1, 0, 2)

    made = OUT / "made"
    made.mkdir()
    MixtralMoE().write_model(str(made), config, MergeOptions(), [gates[i] for i in range(gates.shape[0])])
    mixture = AutoModelForCausalLM.from_pretrained(made, dtype=torch.float32)
    ids = torch.tensor([[1, 12, 13, 14, 15, 16, 17, 3], [1, 18, 19, 20, 7, 4, 5, 6]])
    with torch.no_grad():
        expected["logits"] = mixture(ids).logits
    expected["ids"] = ids
    save_file({key: value.contiguous() for key, value in expected.items()}, OUT / "expected.safetensors")
    files = sorted(made.glob("*.safetensors"))
    tensors = {key: value for file in files for key, value in load_file(file).items()}
    save_file(tensors, OUT / "mixture.safetensors")
    shutil.copy(made / "config.json", OUT / "mixture-config.json")
    (OUT / "prompts.json").write_text(json.dumps(PROMPTS, indent=1) + "\n")
    shutil.rmtree(made)


main()
