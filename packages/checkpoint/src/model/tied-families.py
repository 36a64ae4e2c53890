"""Prints the families of `tied-families.ts`: `python tied-families.py`, with transformers 5.23. Those without a language model are left out by hand."""

from transformers.models.auto.configuration_auto import CONFIG_MAPPING


def is_tied(name: str) -> bool:
    try:
        return bool(getattr(CONFIG_MAPPING[name](), "tie_word_embeddings", False))
    except Exception:  # a config that cannot be made without arguments says nothing
        return False


print(" ".join(sorted(name for name in CONFIG_MAPPING if is_tied(name))))
