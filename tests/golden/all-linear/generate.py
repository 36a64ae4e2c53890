"""What PEFT means by `all-linear`: prints `expected.json`. Run with peft 0.21 and transformers 5.23.

Each case has the class and family of a tiny model, PEFT's task type, the shapes of its weights, and the modules that PEFT adapts.
"""

import json
import warnings

from peft import LoraConfig, get_peft_model
from peft.tuners.tuners_utils import BaseTunerLayer
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    GPT2Config,
    GPT2ForSequenceClassification,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
    T5Config,
    T5ForConditionalGeneration,
)

warnings.simplefilter("ignore")
LLAMA = LlamaConfig(
    vocab_size=12, hidden_size=8, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, pad_token_id=0
)
BERT = {
    "vocab_size": 12,
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": 8,
}
GPT2 = GPT2Config(vocab_size=12, n_embd=8, n_layer=1, n_head=2, n_positions=8, pad_token_id=0)
T5 = T5Config(vocab_size=12, d_model=8, d_kv=4, d_ff=16, num_layers=1, num_heads=2)
CASES = [
    (LlamaForCausalLM, LLAMA, "CAUSAL_LM"),
    (LlamaForSequenceClassification, LLAMA, "SEQ_CLS"),
    (BertForMaskedLM, BertConfig(**BERT), None),
    (BertForSequenceClassification, BertConfig(**BERT), "SEQ_CLS"),
    (RobertaForSequenceClassification, RobertaConfig(**BERT), "SEQ_CLS"),
    (GPT2LMHeadModel, GPT2, "CAUSAL_LM"),
    (GPT2ForSequenceClassification, GPT2, "SEQ_CLS"),
    (T5ForConditionalGeneration, T5, None),
]


def case(cls, config, task) -> dict:
    model = cls(config)
    shapes = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
    adapted = get_peft_model(model, LoraConfig(r=2, target_modules="all-linear", task_type=task)).base_model.model
    targets = [name for name, module in adapted.named_modules() if isinstance(module, BaseTunerLayer)]
    return {
        "class": cls.__name__,
        "family": config.model_type,
        "task": task or "",
        "shapes": shapes,
        "targets": sorted(targets),
    }


print(json.dumps([case(*each) for each in CASES], indent=1))
