"""Scores of an image classifier by transformers: python vit_logits.py MODEL IMAGE...

Prints the names of the classes and the logits of each image, prepared by the model's own processor, as JSON. Run with
transformers 5.23.0 (its Pillow backend), torch 2.9.1.
"""

import json
import sys

import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification


def main(folder, *images):
    torch.set_num_threads(1)
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    model = AutoModelForImageClassification.from_pretrained(folder, dtype=torch.float32).eval()
    seen = [processor(Image.open(image).convert("RGB"), return_tensors="pt") for image in images]
    with torch.no_grad():
        logits = [model(**each).logits[0].tolist() for each in seen]
    print(json.dumps({"names": [model.config.id2label[i] for i in range(len(logits[0]))], "logits": logits}))


if __name__ == "__main__":
    main(*sys.argv[1:])
