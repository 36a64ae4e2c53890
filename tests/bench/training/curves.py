"""PyTorch's side of the comparison of loss curves: MiniLM with a linear head on the mean of its hidden states, LoRA by PEFT or every weight.

Reads one line of JSON per request on stdin, {"model", "adapter": folder or null, "head": {"weight": [[…]], "bias": […]}, "batches": of
each step {"ids": [[…]], "labels": […]}, "rates": of each step, "autocast": to bfloat16, "reversed": the rows of each batch, "threads"},
and answers {"losses": of each step} on stdout. AdamW as the service has it: β .9 and .999, decay .01 of matrices, gradients clipped to 1.
"""

import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModel

from pytorch import Classifier, without_dropout


def prepared(request):
    encoder = AutoModel.from_pretrained(request["model"], dtype=torch.float32, add_pooling_layer=False)
    width = encoder.config.hidden_size
    if request["adapter"] is not None:
        encoder = PeftModel.from_pretrained(encoder, request["adapter"], is_trainable=True)
    model = without_dropout(Classifier(encoder, width, "texts").train())
    with torch.no_grad():
        model.head.weight.copy_(torch.tensor(request["head"]["weight"]))
        model.head.bias.copy_(torch.tensor(request["head"]["bias"]))
    return model


def curve(request):
    model = prepared(request)
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": 0.01},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1.0)
    losses = []
    for batch, rate in zip(request["batches"], request["rates"]):
        order = -1 if request["reversed"] else 1
        ids, labels = torch.tensor(batch["ids"][::order]), torch.tensor(batch["labels"][::order])
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=request["autocast"]):
            logits = model(ids, torch.ones_like(ids))
            loss = torch.nn.functional.cross_entropy(logits.float(), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


for line in sys.stdin:
    request = json.loads(line)
    torch.set_num_threads(request["threads"])
    print(json.dumps({"losses": curve(request)}), flush=True)
