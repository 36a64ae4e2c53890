"""Golden numbers of vision transformers, made with transformers.

    python generate.py     (writes beside itself)

Made with torch 2.9.1, transformers 5.23.0 (its Pillow backend), Pillow 13.0.0, float32, CPU, one thread. `classifier` is a
ViTForImageClassification, `encoder` a ViTModel of one channel, without biases of queries, keys and values, and with its
pooler. Weights are seeded and random, with a standard deviation large enough that each part changes the result. The IDX
files hold four pictures of 28 x 28 with the labels 2, 0, 1, 2.
"""

import json
import re
import struct
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import ViTConfig, ViTForImageClassification, ViTModel
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

HERE = Path(__file__).parent
PHOTO = HERE.parent / "images" / "photo.png"
torch.set_num_threads(1)

SIZES = dict(
    hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24, image_size=12, patch_size=4,
    hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
)  # fmt: skip
NAMES = {
    "q_proj": "attention.query", "k_proj": "attention.key", "v_proj": "attention.value", "o_proj": "output.dense",
}  # fmt: skip


def stored(name):
    """The name that a checkpoint has for a parameter of transformers 5."""
    name = re.sub(r"attention\.(\w_proj)", lambda m: "attention." + NAMES[m[1]], name)
    name = name.replace("mlp.fc1", "intermediate.dense").replace("mlp.fc2", "output.dense")
    return re.sub(r"\blayers\.", "encoder.layer.", name)


def rounded(tensor, digits=7):
    return json.loads(json.dumps(tensor.detach().double().tolist()), parse_float=lambda s: round(float(s), digits))


def randomise(model, seed, std=0.25):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            noise = torch.randn(p.shape, generator=generator)
            p.copy_(1 + 0.2 * noise if "norm" in name and name.endswith("weight") else std * noise)


def hidden_states(model, pixels):
    """Embeddings, the output of each layer but the last, and what the final norm makes of the last."""
    out = model(pixels, output_hidden_states=True)
    return [*out.hidden_states[:-1], out.last_hidden_state], out


def idx(name, array):
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    (HERE / name).write_bytes(head + array.astype(np.uint8).tobytes())


def pictures():
    y, x = np.mgrid[0:28, 0:28]
    ring = 255 * np.exp(-((np.hypot(x - 14, y - 14) - 8) ** 2) / 4)
    bar = 255 * np.exp(-((x - 14) ** 2) / 6)
    hook = 255 * np.exp(-((np.hypot(x - 10, y - 8) - 9) ** 2) / 5)
    noise = np.random.default_rng(5).normal(0, 12, (4, 28, 28))
    return np.clip(np.stack([hook, ring, bar, hook.T]) + noise, 0, 255).astype(np.uint8)


def classifier():
    names = {0: "ring", 1: "bar", 2: "hook"}
    config = ViTConfig(**SIZES, id2label=names, label2id={v: k for k, v in names.items()})
    model = ViTForImageClassification(config).eval()
    randomise(model, 1)
    model.save_pretrained(HERE / "classifier")
    processor = ViTImageProcessorPil(size={"height": 12, "width": 12})
    processor.save_pretrained(HERE / "classifier")
    pixels = torch.randn(3, 3, 12, 12, generator=torch.Generator().manual_seed(2))
    labels = torch.tensor([2, 0, 1])
    states, _ = hidden_states(model.vit, pixels)
    out = model(pixels, labels=labels)
    out.loss.backward()
    named = {stored(name): p for name, p in model.named_parameters()}
    keep = [
        "classifier.weight", "classifier.bias", "vit.layernorm.weight", "vit.embeddings.cls_token",
        "vit.embeddings.position_embeddings", "vit.embeddings.patch_embeddings.projection.weight",
        "vit.embeddings.patch_embeddings.projection.bias", "vit.encoder.layer.0.attention.attention.query.weight",
        "vit.encoder.layer.0.attention.attention.value.bias", "vit.encoder.layer.0.layernorm_before.bias",
        "vit.encoder.layer.1.attention.output.dense.weight", "vit.encoder.layer.1.intermediate.dense.weight",
        "vit.encoder.layer.1.output.dense.bias",
    ]  # fmt: skip
    images = pictures()
    idx("shapes-images-idx3-ubyte", images)
    idx("shapes-labels-idx1-ubyte", np.array([2, 0, 1, 2]))
    seen = [Image.open(PHOTO), *[Image.fromarray(image).convert("RGB") for image in images]]
    logits = [model(**processor(image, return_tensors="pt")).logits[0] for image in seen]
    return {
        "pixels": rounded(pixels.flatten()), "labels": labels.tolist(), "hidden": [rounded(h) for h in states],
        "logits": rounded(out.logits), "loss": out.loss.item(),
        "gradients": {name: rounded(named[name].grad) for name in keep},
        "photo": rounded(logits[0]), "idx": [rounded(each) for each in logits[1:]],
    }  # fmt: skip


def encoder():
    model = ViTModel(ViTConfig(**SIZES, num_channels=1, qkv_bias=False)).eval()
    randomise(model, 3)
    model.save_pretrained(HERE / "encoder")
    pixels = torch.randn(2, 1, 12, 12, generator=torch.Generator().manual_seed(4))
    states, out = hidden_states(model, pixels)
    return {
        "pixels": rounded(pixels.flatten()), "hidden": [rounded(h) for h in states],
        "pooled": rounded(out.pooler_output),
    }  # fmt: skip


if __name__ == "__main__":
    golden = {"classifier": classifier(), "encoder": encoder()}
    (HERE / "expected.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
