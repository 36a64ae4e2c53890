"""The other side of the merge benchmark: makes the models, and runs mergekit.

    merge.py models FOLDER COUNT LAYERS      Llama-shaped bf16 checkpoints base, m1, m2, … of TinyLlama-1.1B's shape with LAYERS layers
    merge.py mergekit CONFIG OUT             one merge by mergekit on two threads, without its model card
"""

import json
import os
import sys
from pathlib import Path

HIDDEN, INNER, VOCABULARY, KEY_VALUES = 2048, 5632, 32000, 256


def shapes(layers):
    yield "model.embed_tokens.weight", (VOCABULARY, HIDDEN)
    for i in range(layers):
        at = f"model.layers.{i}."
        yield at + "self_attn.q_proj.weight", (HIDDEN, HIDDEN)
        yield at + "self_attn.k_proj.weight", (KEY_VALUES, HIDDEN)
        yield at + "self_attn.v_proj.weight", (KEY_VALUES, HIDDEN)
        yield at + "self_attn.o_proj.weight", (HIDDEN, HIDDEN)
        yield at + "mlp.gate_proj.weight", (INNER, HIDDEN)
        yield at + "mlp.up_proj.weight", (INNER, HIDDEN)
        yield at + "mlp.down_proj.weight", (HIDDEN, INNER)
        yield at + "input_layernorm.weight", (HIDDEN,)
        yield at + "post_attention_layernorm.weight", (HIDDEN,)
    yield "model.norm.weight", (HIDDEN,)
    yield "lm_head.weight", (VOCABULARY, HIDDEN)


def config(layers):
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_hidden_layers": layers,
        "num_attention_heads": 32,
        "num_key_value_heads": 4,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
    }


def models(folder, count, layers):
    import torch
    from safetensors.torch import save_file

    for index in range(count + 1):
        tensors = {}
        for position, (name, shape) in enumerate(shapes(layers)):
            base = torch.randn(shape, generator=torch.Generator().manual_seed(position)) * 0.02
            if index > 0:
                own = torch.Generator().manual_seed(1_000_000 * index + position)
                base += torch.randn(shape, generator=own) * 0.002
            tensors[name] = base.to(torch.bfloat16)
        target = Path(folder) / ("base" if index == 0 else f"m{index}")
        target.mkdir(parents=True)
        (target / "config.json").write_text(json.dumps(config(layers), indent=2))
        save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})


def run_mergekit(recipe, out):
    os.environ.update(PYTHONHASHSEED="0", HF_HUB_OFFLINE="1", OMP_NUM_THREADS="2")
    program = str(Path(sys.executable).parent / "mergekit-yaml")
    os.execv(program, [program, recipe, out, "--no-write-model-card", "--no-copy-tokenizer"])


if __name__ == "__main__":
    if sys.argv[1] == "models":
        models(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        run_mergekit(*sys.argv[2:4])
