"""Passages in the ranker's order -> the best of them in a cross-encoder's order."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sourcier_core.errors import ModelUnusable
from sourcier_core.ports import PageReranker
from sourcier_core.types import Passage


def reorder(question: str, passages: Sequence[Passage], reranker: PageReranker, limit: int) -> list[Passage]:
    """Put the best passages in the order in which a model finds that they answer.

    The scores stay where they are: the passage that is now second gets the score that the second one had.
    So they still descend and mean what they meant, also to the passages that were not read again, and to
    every threshold that was fitted to them.

    Args:
        question: As the model reads it.
        passages: Best first.
        reranker: Reads each passage beneath its title and section.
        limit: How many of the first passages it reads; the others stay behind them.

    Returns:
        The same passages; those of equal score in the model's eyes keep their order.

    Raises:
        ModelUnusable: The model gave a score that is no number.
    """
    head = passages[: max(0, limit)]
    scores = reranker.score(question, [_contextual(passage) for passage in head])
    if not np.isfinite(scores).all():
        detail = f"it scored a passage {scores[~np.isfinite(scores)][0]}"
        remedy = "Set retrieval.cross_encoder to another model, or to none."
        raise ModelUnusable(reranker.model, detail, remedy)
    order = np.argsort(-scores, kind="stable")
    moved = [replace(head[n], score=place.score) for n, place in zip(order, head, strict=True)]
    return [*moved, *passages[len(head) :]]


def _contextual(passage: Passage) -> str:
    """Return what the embedding model was given of the passage: a row of a table says little alone."""
    return " > ".join([passage.document.title, *passage.section]) + "\n" + passage.text
