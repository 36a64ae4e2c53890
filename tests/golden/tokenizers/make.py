"""Makes tiny models of different vocabularies and what mergekit makes of them: python make.py

Needs mergekit 0.1.5, transformers and torch. Writes models/ and expected.json beside itself. Embeddings are told by token, not by id:
mergekit gives new tokens ids in the order of a hash map, another one in every run.
"""

import json
import shutil
import tempfile
from pathlib import Path

import torch
import yaml
from mergekit.config import MergeConfiguration
from mergekit.merge import run_merge
from mergekit.options import MergeOptions
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import AutoTokenizer

HERE = Path(__file__).parent
HIDDEN = 4
VOCABULARIES = {
    "a": ["<unk>", "a", "b", "c", "ab", "bc"],
    "b": ["<unk>", "b", "a", "d", "ab", "da"],
    "c": ["<unk>", "c", "d", "a", "b", "cd"],
}
ADDED = {"a": ["<s>"], "b": ["<s>", "<tool>"], "c": ["<pad>"]}
MERGES = {"a": ["a b", "b c"], "b": ["a b", "d a"], "c": ["c d"]}


def model_of(family, name):
    vocab = VOCABULARIES[name]
    ids = {token: i for i, token in enumerate(vocab)}
    if family == "bpe":
        return {"type": "BPE", "unk_token": "<unk>", "vocab": ids, "merges": MERGES[name]}
    if family == "wordpiece":
        return {
            "type": "WordPiece",
            "unk_token": "<unk>",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": ids,
        }
    return {"type": "Unigram", "unk_id": 0, "vocab": [[token, -1.0 - i / 8] for i, token in enumerate(vocab)]}


def write_model(folder, family, name):
    folder.mkdir(parents=True)
    vocab = VOCABULARIES[name]
    added = [
        {
            "id": len(vocab) + i,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": token != "<tool>",
        }
        for i, token in enumerate(ADDED[name])
    ]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": model_of(family, name),
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))
    # The last row of c has no token, as where embeddings are padded.
    size = len(vocab) + len(added) + (1 if name == "c" else 0)
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": HIDDEN,
        "intermediate_size": 4,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "num_key_value_heads": 1,
        "vocab_size": size,
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
    }
    (folder / "config.json").write_text(json.dumps(config))
    generator = torch.Generator().manual_seed(ord(name))
    layer = "model.layers.0."
    shapes = {
        "model.embed_tokens.weight": (size, HIDDEN),
        "lm_head.weight": (size, HIDDEN),
        "model.norm.weight": (HIDDEN,),
        layer + "input_layernorm.weight": (HIDDEN,),
        layer + "post_attention_layernorm.weight": (HIDDEN,),
        **{layer + f"self_attn.{key}_proj.weight": (HIDDEN, HIDDEN) for key in "qkvo"},
        **{layer + f"mlp.{key}_proj.weight": (4, HIDDEN) for key in ("gate", "up", "down")},
    }
    tensors = {key: torch.randn(shape, generator=generator) for key, shape in shapes.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


LINEAR = "merge_method: linear\nmodels: [{model: a}, {model: b}, {model: c}]\nparameters: {weight: 1}\n"
TASK = "merge_method: task_arithmetic\nbase_model: a\nmodels: [{model: b}, {model: c}]\nparameters: {weight: 0.5}\n"
TOKENS = """tokenizer:
  source: union
  tokens:
    d: {source: c, force: true}
    <new>: {source: {kind: model_token, model: b, token: da}}
    <row>: {source: {kind: model_token, model: a, token_id: 4}}
    <none>: {source: {kind: zero}}
    bc: {source: {kind: zero}}
"""
CASES = {
    "union": LINEAR + "tokenizer_source: union\n",
    "union-base": TASK + "tokenizer_source: union\n",
    "base": TASK + "tokenizer_source: base\n",
    "model": LINEAR + "tokenizer_source: b\n",
    "padded": LINEAR + "tokenizer: {source: union, pad_to_multiple_of: 8}\n",
    "tokens": LINEAR + TOKENS,
}
FAMILIES = {"bpe": list(CASES), "wordpiece": ["union", "padded"], "unigram": ["union", "padded"]}


def located(value, folder):
    """A configuration whose models a, b and c are paths."""
    if isinstance(value, dict):
        return {key: item if key == "token" else located(item, folder) for key, item in value.items()}
    if isinstance(value, list):
        return [located(item, folder) for item in value]
    return str(folder / value) if value in VOCABULARIES else value


def merged(family, case, models):
    config = MergeConfiguration.model_validate(located(yaml.safe_load(CASES[case]), models))
    with tempfile.TemporaryDirectory() as out:
        run_merge(config, out, options=MergeOptions())
        tokenizer = AutoTokenizer.from_pretrained(out)
        vocab = tokenizer.get_vocab()
        size = json.loads((Path(out) / "config.json").read_text())["vocab_size"]
        rows = {}
        with safe_open(next(Path(out).glob("*.safetensors")), "pt") as file:
            for name in ("model.embed_tokens.weight", "lm_head.weight"):
                tensor = file.get_tensor(name)
                rows[name] = {token: tensor[i].tolist() for token, i in sorted(vocab.items())}
                if size > len(vocab):
                    rows[name]["(padding)"] = tensor[-1].tolist()
    return {"config": CASES[case], "vocab_size": size, "rows": rows}


def main():
    shutil.rmtree(HERE / "models", ignore_errors=True)
    expected = {}
    for family, cases in FAMILIES.items():
        for name in VOCABULARIES:
            write_model(HERE / "models" / family / name, family, name)
        expected[family] = {case: merged(family, case, HERE / "models" / family) for case in cases}
    (HERE / "expected.json").write_text(json.dumps(expected, separators=(",", ":"), sort_keys=True) + "\n")


main()
