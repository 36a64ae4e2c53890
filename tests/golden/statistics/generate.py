"""Fisher information of the tiny checkpoints of tests/golden/models, by torch's autograd, one text and one label at a time.

    python generate.py     (writes statistics.json beside itself)

Made with torch 2.9.1, transformers 5.23.0, float64, CPU, one thread.
"""

import json
from pathlib import Path

import torch
from transformers import BertForSequenceClassification, LlamaForCausalLM

HERE = Path(__file__).parent
MODELS = HERE.parent / "models"
torch.set_num_threads(1)

BERT_ROWS = [[2, 5, 9, 33, 60, 3], [2, 7, 8, 3], [2, 41, 3]]
BERT_TENSORS = [
    "classifier.weight",
    "bert.pooler.dense.bias",
    "bert.embeddings.LayerNorm.weight",
    "bert.encoder.layer.1.output.dense.bias",
    "bert.encoder.layer.0.attention.self.query.weight",
]
# A text and the labels of its tokens; -1 has none. They are not the next tokens: the Fisher information is of the model's own labels.
LLAMA_ROWS = [[1, 5, 9, 33, 60], [1, 7, 8]]
LLAMA_LABELS = [[3, 17, 50, 9, -1], [44, 2, -1]]
LLAMA_TENSORS = ["model.norm.weight", "model.layers.0.input_layernorm.weight", "model.layers.1.self_attn.k_proj.weight"]


def squared(model, names, scalar, retain):
    parameters = dict(model.named_parameters())
    gradients = torch.autograd.grad(scalar, [parameters[n] for n in names], retain_graph=retain)
    return [g.square() for g in gradients]


def classifier():
    model = BertForSequenceClassification.from_pretrained(MODELS / "tiny-bert-classifier").double().eval()
    sums = None
    for row in BERT_ROWS:
        log_p = torch.log_softmax(model(input_ids=torch.tensor([row])).logits[0], -1)
        for y in range(len(log_p)):
            parts = [log_p[y].exp().item() * s for s in squared(model, BERT_TENSORS, log_p[y], True)]
            sums = parts if sums is None else [a + b for a, b in zip(sums, parts)]
    return {n: (s / len(BERT_ROWS)).flatten().tolist() for n, s in zip(BERT_TENSORS, sums)}


def language_model():
    model = LlamaForCausalLM.from_pretrained(MODELS / "tiny-llama").double().eval()
    sums = None
    for row, labels in zip(LLAMA_ROWS, LLAMA_LABELS):
        log_p = torch.log_softmax(model(input_ids=torch.tensor([row])).logits[0], -1)
        total = sum(log_p[t, y] for t, y in enumerate(labels) if y >= 0)
        parts = squared(model, LLAMA_TENSORS, total, False)
        sums = parts if sums is None else [a + b for a, b in zip(sums, parts)]
    return {n: (s / len(LLAMA_ROWS)).flatten().tolist() for n, s in zip(LLAMA_TENSORS, sums)}


golden = {
    "bert": {"rows": BERT_ROWS, "fisher": classifier()},
    "llama": {"rows": LLAMA_ROWS, "labels": LLAMA_LABELS, "fisher": language_model()},
}
text = json.dumps(golden)
digits = json.loads(text, parse_float=lambda s: float(f"{float(s):.9g}"))
(HERE / "statistics.json").write_text(json.dumps(digits) + "\n")
