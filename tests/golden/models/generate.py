"""Golden numbers for packages/models, made with transformers.

    python generate.py MINILM_DIR     (writes beside itself)

Made with torch 2.9.1, transformers 5.23.0, float32, CPU, one thread. Every tiny checkpoint has seeded random weights with a
standard deviation large enough that each part of the architecture changes the result.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import (
    AutoModel,
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
)

HERE = Path(__file__).parent
torch.set_num_threads(1)

TEXTS = [
    "The Union is strong.",
    "Café naïve résumé — ŁÓDŹ, straße; Ångström!",
    "東京は日本の首都です。 한국어도 있어요",
    "emoji 🙂🚀 and 👩‍👩‍👧‍👦 family, flag 🇫🇷",
    "",
    "   tabs\tand\nnew lines\r\n  ",
    "unbelievably antidisestablishmentarianism xyzzyqwrtpsdfg1234567890",
    "don't can't I'm we'll $1,000.50 50% #tag @user http://example.com/a?b=c&d=e",
    "[CLS] special [SEP] tokens [MASK] in text [PAD]",
    "zero\u200bwidth \ufeffbom \u00a0nbsp \u0000null \u0007bell \ufffd replacement",
    "a" * 150,
    "\u0439 \u0438\u0306 e\u0301 \u00e9 \u0130 \u1e9e \u00df",
    "word " * 300,
]


def rounded(tensor, digits=7):
    return json.loads(json.dumps(tensor.detach().double().tolist()), parse_float=lambda s: round(float(s), digits))


def minilm(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    ids = [tokenizer(t, truncation=True, max_length=128)["input_ids"] for t in TEXTS]
    used = [0, 1, 7, 4]
    batch = tokenizer([TEXTS[i] for i in used], padding=True, return_tensors="pt")
    with torch.no_grad():
        out = model(**batch, output_hidden_states=True)
    mask = batch["attention_mask"].unsqueeze(-1).float()
    pooled = (out.last_hidden_state * mask).sum(1) / mask.sum(1)
    # Every layer's first token and the last layer's tokens, each 24th unit, keep the file small.
    return {
        "texts": TEXTS,
        "ids": ids,
        "batch": used,
        "lengths": batch["attention_mask"].sum(1).tolist(),
        "first_token_by_layer": [rounded(h[:, 0, ::24]) for h in out.hidden_states],
        "last_hidden": rounded(out.last_hidden_state[:, :, ::24]),
        "mean": rounded(pooled),
    }


def randomise(model, seed, std=0.25):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            noise = torch.randn(p.shape, generator=generator)
            p.copy_(1 + 0.2 * noise if "norm" in name.lower() and name.endswith("weight") else std * noise)


def save(model, folder, config):
    folder.mkdir(exist_ok=True)
    tensors = {k: v.contiguous() for k, v in model.state_dict().items() if v.dtype == torch.float32}
    if config.get("tie_word_embeddings"):
        tensors.pop("lm_head.weight", None)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def tiny_bert():
    fields = dict(
        vocab_size=64, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=32,
        max_position_embeddings=32, type_vocab_size=2, layer_norm_eps=1e-12, hidden_act="gelu", pad_token_id=0,
        initializer_range=0.02, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        id2label={"0": "ham", "1": "spam", "2": "other"}, label2id={"ham": 0, "spam": 1, "other": 2},
    )  # fmt: skip
    model = BertForSequenceClassification(BertConfig(**fields)).eval()
    randomise(model, 1)
    save(model, HERE / "tiny-bert-classifier",
         {**fields, "model_type": "bert", "architectures": ["BertForSequenceClassification"]})  # fmt: skip
    rows = [[5, 9, 33, 60, 2, 17, 8], [1, 2, 3], [63, 40, 41, 42, 7]]
    width = max(map(len, rows))
    ids = torch.tensor([r + [0] * (width - len(r)) for r in rows])
    mask = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in rows])
    labels = torch.tensor([2, 0, 1])
    out = model(input_ids=ids, attention_mask=mask, labels=labels, output_hidden_states=True)
    out.loss.backward()
    named = dict(model.named_parameters())
    keep = ["classifier.weight", "bert.encoder.layer.0.attention.self.query.weight",
            "bert.encoder.layer.1.output.dense.weight", "bert.embeddings.LayerNorm.weight",
            "bert.embeddings.position_embeddings.weight"]  # fmt: skip
    return {
        "rows": rows, "labels": labels.tolist(), "logits": rounded(out.logits), "loss": out.loss.item(),
        "hidden": [rounded(h) for h in out.hidden_states],
        "gradients": {k: rounded(named[k].grad) for k in keep},
    }  # fmt: skip


ROPE = {
    "default": {"rope_theta": 10000.0},
    "theta": {"rope_theta": 500000.0},
    "linear": {"rope_theta": 10000.0, "rope_scaling": {"rope_type": "linear", "factor": 4.0}},
    "llama3": {
        "rope_theta": 10000.0,
        "rope_scaling": {
            "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 16,
        },
    },
}  # fmt: skip


def rope_parameters(fields):
    scaling = dict(fields.get("rope_scaling", {"rope_type": "default"}))
    return {**scaling, "rope_theta": fields["rope_theta"]}


def tiny_llama():
    fields = dict(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, max_position_embeddings=64, rms_norm_eps=1e-5, hidden_act="silu",
        tie_word_embeddings=True, attention_bias=False, mlp_bias=False, pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    rows = [list(range(3, 27)), [5, 4, 3, 60, 61], [1, 50, 2, 31, 31, 31, 12, 9]]
    width = max(map(len, rows))
    ids = torch.tensor([r + [0] * (width - len(r)) for r in rows])
    mask = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in rows])
    labels = ids.masked_fill(mask == 0, -100)
    golden = {"rows": rows, "variants": {}}
    model = LlamaForCausalLM(LlamaConfig(**fields, rope_parameters=rope_parameters(ROPE["default"]))).eval()
    randomise(model, 2)
    state = {k: v.clone() for k, v in model.state_dict().items()}
    save(model, HERE / "tiny-llama",
         {**fields, **ROPE["default"], "model_type": "llama", "architectures": ["LlamaForCausalLM"]})  # fmt: skip
    for name, rope in ROPE.items():
        variant = LlamaForCausalLM(LlamaConfig(**fields, rope_parameters=rope_parameters(rope))).eval()
        variant.load_state_dict(state)
        out = variant(input_ids=ids, attention_mask=mask, labels=labels, output_hidden_states=True)
        golden["variants"][name] = {
            "config": rope,
            "loss": out.loss.item(),
            "last_hidden": [rounded(out.hidden_states[-1][i, len(r) - 1]) for i, r in enumerate(rows)],
            "last_logits": [rounded(out.logits[i, len(r) - 1]) for i, r in enumerate(rows)],
        }
    classifier = LlamaForSequenceClassification(
        LlamaConfig(**fields, rope_parameters=rope_parameters(ROPE["default"]), num_labels=3)
    ).eval()
    classifier.load_state_dict({k: v for k, v in state.items() if k != "lm_head.weight"}, strict=False)
    score = 0.25 * torch.randn(3, 32, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        classifier.score.weight.copy_(score)
    logits = classifier(input_ids=ids, attention_mask=mask).logits
    golden["score"] = {"weight": rounded(score), "logits": rounded(logits)}
    return golden


def tiny_tokenizer(folder):
    """Words w3 … w63 with [CLS] and [SEP] around a text; both tiny models have 64 tokens."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    vocabulary = {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, **{f"w{i}": i for i in range(3, 63)}, "[UNK]": 63}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]", "unk_token": "[UNK]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


def write(name, value):
    (HERE / name).write_text(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    write("minilm.json", minilm(sys.argv[1]))
    write("tiny-bert.json", tiny_bert())
    write("tiny-llama.json", tiny_llama())
    for name in ("tiny-bert-classifier", "tiny-llama"):
        tiny_tokenizer(HERE / name)
