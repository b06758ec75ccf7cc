"""A cross-encoder of random weights that any machine can make: for what does not depend on what it learnt."""

from pathlib import Path
from string import ascii_lowercase

MAX_TOKENS = 64  # of question and text together; a letter is a token


def save_tiny_bert(folder: Path, *, labels: int = 1, head: bool = True, max_tokens: int = MAX_TOKENS) -> Path:
    """Save a BERT of two small layers, random weights, and a vocabulary of letters."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*special, *ascii_lowercase, *(f"##{letter}" for letter in ascii_lowercase)]
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=max_tokens,
        initializer_range=1.0,  # so that scores lie far apart
    )
    config.num_labels = labels
    torch.manual_seed(7)
    model = BertForSequenceClassification(config) if head else BertModel(config)
    model.save_pretrained(folder)
    BertTokenizer(vocab={token: n for n, token in enumerate(vocabulary)}).save_pretrained(folder)
    return folder
