"""Losses and gradients of distillation (arXiv:1503.02531) and of the distance of features (arXiv:2210.02871), by torch and transformers.

python3 tests/golden/distillation/generate.py   (torch 2.9.1, transformers 5.23.0; float64, CPU)
Writes losses.json beside this file. Students are the tiny models of tests/golden/models. A teacher has 1.5 times the weights of its student; the
classifier's also has its classes in another order.
"""
import copy
import json
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax
from transformers import BertForSequenceClassification, LlamaForCausalLM

HERE = Path(__file__).parent
MODELS = HERE.parent / "models"
FACTOR, TEMPERATURE, LOGITS, FEATURES = 1.5, 3.0, 0.3, 0.25
# Rows of the teacher's head by the student's classes.
ORDER = [2, 0, 1]
ROWS = [[1, 7, 9, 12, 2], [1, 30, 4, 2], [1, 5, 6, 7, 8, 9, 10, 2]]
LABELS = [2, 0, 1]


def teacher_of(student):
    teacher = copy.deepcopy(student)
    with torch.no_grad():
        # Parameters that are tied are listed once.
        for parameter in teacher.parameters():
            parameter.copy_((parameter.float() * FACTOR).double())
    return teacher.eval()


def batch():
    length = max(map(len, ROWS))
    ids = torch.tensor([row + [0] * (length - len(row)) for row in ROWS])
    mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in ROWS])
    return ids, mask


def divergence(student, teacher):
    """Rows by classes; batchmean is the mean over rows."""
    own, theirs = (log_softmax(scores / TEMPERATURE, dim=-1) for scores in (student, teacher))
    return TEMPERATURE**2 * kl_div(own, theirs, reduction="batchmean", log_target=True)


def outcome(student, task, soft, distance, names):
    total = (1 - LOGITS) * task + LOGITS * soft + FEATURES * distance
    total.backward()
    parameters = dict(student.named_parameters())
    squares = sum((p.grad**2).sum() for p in parameters.values() if p.grad is not None)
    return {
        "losses": {"task": task.item(), "distillation": soft.item(), "feature_distance": distance.item()},
        "gradient_norm": squares.sqrt().item(),
        "gradients": {name: parameters[name].grad.flatten().tolist() for name in names},
    }


def classes():
    student = BertForSequenceClassification.from_pretrained(MODELS / "tiny-bert-classifier").double().eval()
    teacher = teacher_of(student)
    ids, mask = batch()
    own = student(ids, attention_mask=mask, output_hidden_states=True)
    with torch.no_grad():
        theirs = teacher(ids, attention_mask=mask, output_hidden_states=True)
    task = cross_entropy(own.logits, torch.tensor(LABELS))
    soft = divergence(own.logits, theirs.logits[:, ORDER])
    first = [found.hidden_states[-1][:, 0] for found in (own, theirs)]
    distance = (first[0] - first[1]).square().sum() / len(ROWS)
    names = ["classifier.weight", "bert.encoder.layer.1.output.LayerNorm.weight", "bert.encoder.layer.0.attention.self.query.bias"]
    return outcome(student, task, soft, distance, names)


def next_tokens():
    student = LlamaForCausalLM.from_pretrained(MODELS / "tiny-llama").double().eval()
    teacher = teacher_of(student)
    ids, mask = batch()
    own = student(ids, attention_mask=mask, output_hidden_states=True)
    with torch.no_grad():
        theirs = teacher(ids, attention_mask=mask, output_hidden_states=True)
    follows = mask[:, 1:].bool()
    task = cross_entropy(own.logits[:, :-1][follows], ids[:, 1:][follows])
    soft = divergence(own.logits[:, :-1][follows], theirs.logits[:, :-1][follows])
    at = torch.arange(len(ROWS)), mask.sum(1) - 1
    last = [found.hidden_states[-1][at] for found in (own, theirs)]
    distance = (last[0] - last[1]).square().sum() / len(ROWS)
    names = ["model.norm.weight", "model.layers.1.post_attention_layernorm.weight", "model.layers.0.input_layernorm.weight"]
    return outcome(student, task, soft, distance, names)


def main():
    settings = {"factor": FACTOR, "temperature": TEMPERATURE, "logitWeight": LOGITS, "featureWeight": FEATURES}
    settings |= {"order": ORDER, "rows": ROWS, "labels": LABELS}
    golden = {"settings": settings, "classes": classes(), "nextTokens": next_tokens()}
    (HERE / "losses.json").write_text(json.dumps(golden, indent=1) + "\n")


main()
