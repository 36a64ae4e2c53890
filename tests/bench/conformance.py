"""The other side of the conformance run: random models and configurations, and what mergekit makes of them.

    conformance.py FOLDER SEED COUNT     writes models, cases/N.yaml and cases/N.safetensors; a case that mergekit refuses has cases/N.error
"""

import json
import os
import random
import shutil
import sys
from pathlib import Path

os.environ.update(PYTHONHASHSEED="0", HF_HUB_OFFLINE="1")

import torch
import yaml
from mergekit.config import MergeConfiguration
from mergekit.merge import MergeOptions, run_merge
from safetensors.torch import load_file, save_file

# Which of equal magnitudes torch's sort puts first depends on the processor. Here the earlier one counts as the larger, so that there is
# one answer; nothing else of mergekit is touched.
_sort = torch.sort


def stable_sort(values, dim=-1, descending=False, **_):
    found, indices = _sort(values, dim=dim, descending=True, stable=True)
    return torch.return_types.sort((found, indices) if descending else (found.flip(dim), indices.flip(dim)))


def stable_argsort(values, dim=-1, descending=False, **_):
    return stable_sort(values, dim, descending).indices


def stable_topk(values, k, dim=-1, largest=True, **_):
    sorted_values, indices = stable_sort(values, dim, largest)
    return sorted_values.narrow(dim, 0, k), indices.narrow(dim, 0, k)


torch.sort, torch.argsort, torch.topk = stable_sort, stable_argsort, stable_topk
torch.Tensor.sort, torch.Tensor.argsort, torch.Tensor.topk = stable_sort, stable_argsort, stable_topk

TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
PARTS = ["self_attn", "mlp", "norm", "embed", "q_proj", "down_proj"]


def shapes(size):
    hidden, inner, vocabulary, layers, tied = size
    yield "model.embed_tokens.weight", (vocabulary, hidden)
    for i in range(layers):
        at = f"model.layers.{i}."
        for name, shape in {
            "self_attn.q_proj": (hidden, hidden),
            "self_attn.k_proj": (hidden // 2, hidden),
            "self_attn.v_proj": (hidden // 2, hidden),
            "self_attn.o_proj": (hidden, hidden),
            "mlp.gate_proj": (inner, hidden),
            "mlp.up_proj": (inner, hidden),
            "mlp.down_proj": (hidden, inner),
            "input_layernorm": (hidden,),
            "post_attention_layernorm": (hidden,),
        }.items():
            yield f"{at}{name}.weight", shape
    yield "model.norm.weight", (hidden,)
    if not tied:
        yield "lm_head.weight", (vocabulary, hidden)


def config(size, dtype):
    hidden, inner, vocabulary, layers, tied = size
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": vocabulary,
        "max_position_embeddings": 64,
        "rms_norm_eps": 1e-5,
        "hidden_act": "silu",
        "tie_word_embeddings": tied,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "torch_dtype": dtype,
    }


def make_models(folder, dice, names, size, dtype):
    generator = torch.Generator().manual_seed(dice.randrange(2**31))
    width = dice.choice([3e-4, 3e-3, 3e-2])
    base = {
        name: (torch.ones(shape) if len(shape) == 1 else torch.zeros(shape)) + 0.05 * torch.randn(shape, generator=generator)
        for name, shape in shapes(size)
    }
    for position, model in enumerate(names):
        tensors = {}
        for name, value in base.items():
            change = width * torch.randn(value.shape, generator=generator)
            kept = torch.rand(value.shape, generator=generator) < 0.6
            tensors[name] = (value + (change * kept if position > 0 else 0)).to(TYPES[dtype])
        target = folder / model
        target.mkdir(parents=True)
        (target / "config.json").write_text(json.dumps(config(size, dtype), indent=2))
        save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})


def number(dice, low, high):
    return round(dice.uniform(low, high), 5)


def spread(dice, low, high):
    """A value as mergekit's users write it: a number, a gradient, or filters over them."""

    def plain():
        if dice.random() < 0.25:
            return [number(dice, low, high) for _ in range(dice.randint(2, 4))]
        return number(dice, low, high)

    if dice.random() < 0.25:
        return [{"filter": dice.choice(PARTS), "value": plain()} for _ in range(dice.randint(1, 2))] + [{"value": plain()}]
    return plain()


def place(dice, each, everywhere, name, low, high):
    """Gives a parameter of models to each of them, to all, or to neither."""
    where = dice.random()
    if where < 0.6:
        for parameters in each:
            parameters[name] = spread(dice, low, high)
    elif where < 0.9:
        everywhere[name] = spread(dice, low, high)


METHODS = [
    "linear", "passthrough", "slerp", "nuslerp", "multislerp", "karcher", "task_arithmetic", "ties", "dare_linear", "dare_ties",
    "della", "della_linear", "breadcrumbs", "breadcrumbs_ties", "sce", "ram", "ramplus_tl", "model_stock", "nearswap", "arcee_fusion",
]
BASELESS = {"linear", "passthrough", "slerp", "nuslerp", "multislerp", "karcher"}
# In float32 mergekit's own rounding decides these where models are close: arc cosines near 1, and divergences near 0.
ILL_CONDITIONED = {"karcher", "arcee_fusion"}
PAIRS = {"slerp", "nuslerp"}
SINGLE = {"nearswap", "arcee_fusion", "passthrough"}
WEIGHED = {
    "linear", "nuslerp", "multislerp", "task_arithmetic", "ties", "dare_linear", "dare_ties", "della", "della_linear", "breadcrumbs", "breadcrumbs_ties",
}


def parameters_of(dice, method, each, everywhere):
    if method in WEIGHED:
        for parameters in each:
            parameters["weight"] = spread(dice, 0.1, 1)
    if method in {"task_arithmetic", "ties", "dare_linear", "dare_ties", "della", "della_linear", "breadcrumbs", "breadcrumbs_ties"}:
        if dice.random() < 0.4:
            everywhere["lambda"] = number(dice, 0.3, 1.2)
        if dice.random() < 0.4:
            everywhere["normalize"] = dice.random() < 0.5
        if dice.random() < 0.2:
            everywhere["int8_mask"] = True
    if method == "ties":
        place(dice, each, everywhere, "density", 0.15, 1)
    if method in {"breadcrumbs", "breadcrumbs_ties"}:
        place(dice, each, everywhere, "density", 0.3, 0.9)
        place(dice, each, everywhere, "gamma", 0.05, 0.3)
    if method == "linear" and dice.random() < 0.4:
        everywhere["normalize"] = dice.random() < 0.5
    if method == "passthrough" and dice.random() < 0.7:
        each[0]["scale"] = spread(dice, 0.3, 1.5)
    if method == "slerp":
        everywhere["t"] = spread(dice, 0, 1)
    if method == "nuslerp":
        if dice.random() < 0.5:
            everywhere["nuslerp_flatten"] = dice.random() < 0.5
            everywhere["nuslerp_row_wise"] = dice.random() < 0.5
    if method == "multislerp" and dice.random() < 0.4:
        everywhere["normalize_weights"] = dice.random() < 0.5
    if method == "karcher" and dice.random() < 0.5:
        everywhere.update(max_iter=dice.randint(5, 60), tol=1e-6)
    if method == "sce" and dice.random() < 0.7:
        everywhere["select_topk"] = number(dice, 0.1, 1)
    if method in {"ram", "ramplus_tl"}:
        everywhere["epsilon"] = dice.choice([1e-5, 1e-4, 1e-3])
    if method == "ramplus_tl" and dice.random() < 0.5:
        everywhere.update(r=number(dice, 0.05, 0.5), alpha=number(dice, 0.1, 2))
    if method == "model_stock" and dice.random() < 0.5:
        everywhere["filter_wise"] = True
    if method == "nearswap":
        everywhere["t"] = spread(dice, 1e-4, 2e-3)


def configuration(dice, layers, dtype):
    method = dice.choice(METHODS)
    names = ["a", "b", "c"]
    dice.shuffle(names)
    count = 2 if method in PAIRS else 1 if method in SINGLE else dice.randint(2, 3)
    chosen = names[:count]
    based = method not in BASELESS or (method in {"nuslerp", "multislerp"} and dice.random() < 0.5)
    entries = [{"model": name, "parameters": {}} for name in chosen]
    everywhere = {}
    parameters_of(dice, method, [entry["parameters"] for entry in entries], everywhere)
    entries = [{key: value for key, value in entry.items() if value} for entry in entries]
    result = {"merge_method": method, "dtype": "float32"}
    if dice.random() < 0.3 or dtype != "float32":
        result["out_dtype"] = dice.choice([dtype, "float32", "bfloat16"])
    if method in ILL_CONDITIONED:
        result.update(dtype="float64", out_dtype="float32")
    if based:
        result["base_model"] = "base"
        if method not in {"nearswap", "arcee_fusion"} and dice.random() < 0.3:
            entries.insert(dice.randint(0, len(entries)), {"model": "base"})
    if method == "slerp":
        result["base_model"] = dice.choice(chosen)
    if dice.random() < 0.25:
        if based and {"model": "base"} not in entries:
            entries.append({"model": "base"})
        cut = dice.randint(1, layers)
        ranges = [(0, layers)] if method != "passthrough" or cut == layers else [(0, cut), (cut - 1, layers)]
        result["slices"] = [{"sources": [{**entry, "layer_range": list(span)} for entry in entries]} for span in ranges]
    else:
        result["models"] = entries
    if everywhere:
        result["parameters"] = everywhere
    return result


def main(folder, seed, count):
    folder = Path(folder).resolve()
    dice = random.Random(seed)
    (folder / "cases").mkdir(parents=True)
    os.chdir(folder)
    size = (8 * dice.randint(3, 8), 8 * dice.randint(4, 12), dice.randint(40, 120), dice.randint(2, 5), dice.random() < 0.2)
    dtype = dice.choice(["float32", "float32", "bfloat16", "float16"])
    make_models(folder, dice, ["base", "a", "b", "c"], size, dtype)
    options = MergeOptions(write_model_card=False, copy_tokenizer=False, random_seed=0)
    for number_ in range(count):
        text = yaml.safe_dump(configuration(dice, size[3], dtype), sort_keys=False, default_flow_style=None)
        case = folder / "cases" / str(number_)
        case.with_suffix(".yaml").write_text(text)
        try:
            run_merge(MergeConfiguration.model_validate(yaml.safe_load(text)), "out", options)
            files = sorted(Path("out").glob("*.safetensors"))
            save_file({k: v for file in files for k, v in load_file(file).items()}, case.with_suffix(".safetensors"))
        except Exception as error:  # noqa: BLE001 - whatever mergekit raises is its answer
            case.with_suffix(".error").write_text(f"{type(error).__name__}: {error}")
        shutil.rmtree("out", ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
