"""PyTorch's side of the training benchmark: a model of transformers, LoRA by PEFT or every weight, AdamW.

Reads one line of JSON per request on stdin and answers by one on stdout:
{"make": config, "seed", "folder"} writes a model with random weights, answered by {};
{"which": {"task", "model", "batch", "length", "targets"}, "method": "lora" | "full", "mode": "eager" | "autocast" (to bfloat16) |
"compile", "threads", "steps"} takes steps, answered by {"seconds" of one, "loss" of the last, "peakBytes": the largest resident set}.
The first request prepares model and data, outside the timing.
"""

import json
import resource
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, logging

SIDE = 224
logging.set_verbosity_error()
logging.disable_progress_bar()


def make(request):
    torch.manual_seed(request["seed"])
    config = AutoConfig.for_model(**request["make"])
    kind = AutoModelForCausalLM if config.model_type == "llama" else AutoModel
    kind.from_config(config, dtype=torch.float32).save_pretrained(request["folder"])


class Classifier(torch.nn.Module):
    """A linear head on the mean of the hidden states, or on the one of the first position of an image."""

    def __init__(self, encoder, width, task):
        super().__init__()
        self.encoder = encoder
        self.head = torch.nn.Linear(width, 2)
        self.task = task

    def forward(self, inputs, mask):
        if self.task == "images":
            return self.head(self.encoder(pixel_values=inputs).last_hidden_state[:, 0])
        hidden = self.encoder(input_ids=inputs, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        return self.head((hidden * weights).sum(1) / weights.sum(1))


class NextToken(torch.nn.Module):
    def __init__(self, decoder):
        super().__init__()
        self.decoder = decoder

    def forward(self, inputs, mask):
        logits = self.decoder(input_ids=inputs, attention_mask=mask, use_cache=False).logits
        return logits[:, :-1].flatten(0, 1)


def network(which, method):
    path, task = which["model"], which["task"]
    if task == "next-token":
        base = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    else:
        base = AutoModel.from_pretrained(path, dtype=torch.float32, add_pooling_layer=False)
    width = base.config.hidden_size
    if method == "lora":
        targets = which["targets"]
        if task == "images" and not any(name.endswith(".query") for name, _ in base.named_modules()):
            # What transformers 5 calls them once they are loaded.
            targets = [{"query": "q_proj", "value": "v_proj"}[name] for name in targets]
        base = get_peft_model(base, LoraConfig(r=8, lora_alpha=16, target_modules=targets, lora_dropout=0.0))
    model = (NextToken(base) if task == "next-token" else Classifier(base, width, task)).train()
    return without_dropout(model)


def without_dropout(model):
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model


def prepare(which, method, mode):
    model = network(which, method)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4)
    generator = torch.Generator().manual_seed(0)
    shape = (which["batch"], which["length"])
    if which["task"] == "images":
        inputs, mask = torch.randn(which["batch"], 3, SIDE, SIDE, generator=generator), None
    else:
        inputs = torch.randint(1000, 8000, shape, generator=generator)
        mask = torch.ones_like(inputs)
    if which["task"] == "next-token":
        labels = inputs[:, 1:].flatten()
    else:
        labels = torch.arange(which["batch"]) % 2
    run = torch.compile(model) if mode == "compile" else model

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=mode == "autocast"):
            loss = torch.nn.functional.cross_entropy(run(inputs, mask).float(), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        return loss.item()

    return step


def main():
    step = None
    for line in sys.stdin:
        request = json.loads(line)
        if "make" in request:
            make(request)
            print("{}", flush=True)
            continue
        if step is None:
            torch.set_num_threads(request["threads"])
            step = prepare(request["which"], request["method"], request["mode"])
            for _ in range(2):
                step()
        start = time.perf_counter()
        for _ in range(request["steps"]):
            loss = step()
        seconds = (time.perf_counter() - start) / request["steps"]
        peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({"seconds": seconds, "loss": loss, "peakBytes": peak}), flush=True)


if __name__ == "__main__":
    main()
