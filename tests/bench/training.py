"""PyTorch's side of the training benchmark: MiniLM with a classification head, LoRA by PEFT or every weight, AdamW.

Reads one line of JSON per request on stdin, {"name": "lora" | "full", "autocast": to bfloat16, "model", "batch", "length",
"steps"}, takes the steps on two threads and answers {"seconds", "loss"} for one step on average on stdout. Model and data are made once, outside the timing.
"""

import json
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModel

torch.set_num_threads(2)
made = {}
warm = set()


class Classifier(torch.nn.Module):
    def __init__(self, encoder, width):
        super().__init__()
        self.encoder = encoder
        self.head = torch.nn.Linear(width, 2)

    def forward(self, ids, mask):
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        return self.head((hidden * weights).sum(1) / weights.sum(1))


def prepare(request):
    encoder = AutoModel.from_pretrained(request["model"], dtype=torch.float32, add_pooling_layer=False)
    width = encoder.config.hidden_size
    if request["name"] == "lora":
        encoder = get_peft_model(
            encoder, LoraConfig(r=8, lora_alpha=16, target_modules=["query", "value"], lora_dropout=0.0)
        )
    model = Classifier(encoder, width).train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4)
    generator = torch.Generator().manual_seed(0)
    shape = (request["batch"], request["length"])
    ids = torch.randint(1000, 30000, shape, generator=generator)
    labels = torch.arange(request["batch"]) % 2
    mask = torch.ones_like(ids)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(model(ids, mask), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        return loss.item()

    return step


for line in sys.stdin:
    request = json.loads(line)
    name = request["name"]
    with torch.autocast("cpu", torch.bfloat16, enabled=request["autocast"]):
        if name not in made:
            made[name] = prepare(request)
        # The first step in a precision chooses its kernels.
        if (name, request["autocast"]) not in warm:
            warm.add((name, request["autocast"]))
            made[name]()
        start = time.perf_counter()
        for _ in range(request["steps"]):
            loss = made[name]()
    print(json.dumps({"seconds": (time.perf_counter() - start) / request["steps"], "loss": loss}), flush=True)
