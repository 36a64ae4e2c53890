"""Scores of a classifier that PEFT puts together: python peft_logits.py MODEL ADAPTER ROWS_JSON

Prints the logits of each row of token ids, as JSON. Run with peft 0.21.0, transformers 5.23.0, torch 2.9.1.
"""

import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification


def main(model_folder, adapter_folder, rows_json):
    rows = json.loads(rows_json)
    torch.set_num_threads(1)
    base = AutoModelForSequenceClassification.from_pretrained(model_folder, num_labels=2, dtype=torch.float32)
    model = PeftModel.from_pretrained(base, adapter_folder).eval()
    with torch.no_grad():
        print(json.dumps([model(input_ids=torch.tensor([row])).logits[0].tolist() for row in rows]))


if __name__ == "__main__":
    main(*sys.argv[1:])
