"""Question, texts -> how well each answers, with a CrossEncoder; only where one is configured comes torch."""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sourcier_core.embedding_export import MODELS_EXTRA
from sourcier_core.errors import ModelMissing, ModelUnusable
from sourcier_core.settings import RetrievalSettings

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

SETTING = "retrieval.cross_encoder"
# What transformers calls a model with a trained head. Any other gets a head of random weights, and a warning.
SCORING_ARCHITECTURES = ("ForSequenceClassification", "ForCausalLM")


class CrossEncoderReranker:
    """A loaded model. Safe to call from several threads; one at a time is served."""

    def __init__(self, encoder: "CrossEncoder", model: str, *, batch_size: int = 16) -> None:
        """Wrap a model that `open_cross_encoder` has loaded and checked.

        Args:
            encoder: Gives one score for a pair of texts.
            model: Its name in messages.
            batch_size: Texts read at once: more need more memory.
        """
        from torch.nn import Identity

        self._encoder = encoder
        self._model = model
        self._batch_size = batch_size
        # The sigmoid that most models end with makes 1.0 of every good page; logits keep their order.
        self._activation = Identity()
        self._lock = Lock()  # where to cut is state of the tokenizer, and one batch keeps all cores busy

    @property
    def model(self) -> str:
        """The hub id or path it was loaded from."""
        return self._model

    def score(self, question: str, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Score texts by how well they answer: shape `(len(texts),)`, logits, in the order given.

        Question and text together are cut at the model's length, the longer of the two first.
        """
        if not texts:
            return np.empty(0, dtype=np.float64)
        with self._lock:
            scores = self._encoder.predict(
                [(question, text) for text in texts],
                batch_size=self._batch_size,
                activation_fn=self._activation,
                show_progress_bar=False,
            )
        return np.asarray(scores, dtype=np.float64)


def open_cross_encoder(settings: RetrievalSettings) -> CrossEncoderReranker | None:
    """Load the configured model, on a GPU where torch sees one; None where none is configured.

    A hub id is looked up in the Hugging Face cache and, unless HF_HUB_OFFLINE is set, fetched.

    Raises:
        ModelMissing: torch or sentence-transformers is not installed, or the model is not on this machine.
        ModelUnusable: It is there, and is damaged or does not give one score to a pair of texts.
    """
    model = settings.cross_encoder
    if not model:
        return None
    try:
        from sentence_transformers import CrossEncoder
        from transformers.utils import logging as transformers_logging
    except ImportError as error:
        raise ModelMissing(model, "the installed packages", f"To load it: {MODELS_EXTRA}") from error
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = Path(model).expanduser()
    try:
        encoder = CrossEncoder(str(folder) if folder.exists() else model, trust_remote_code=False)
    except (OSError, ValueError) as error:
        remedy = (
            f"Give {SETTING} the path of a CrossEncoder folder, or fetch it once on a connected machine "
            f"(hf download {model}) and copy the folder here."
        )
        raise ModelMissing(model, f"{folder} and the Hugging Face cache", remedy) from error
    except Exception as error:  # whatever the reader of a damaged file raises
        raise ModelUnusable(
            model, f"it does not load ({type(error).__name__})", "Copy it here again."
        ) from error
    _check_scores_pairs(encoder, model)
    return CrossEncoderReranker(encoder, model)


def _check_scores_pairs(encoder: "CrossEncoder", model: str) -> None:
    """Refuse a model whose scores would be noise, or several numbers."""
    remedy = f"Give {SETTING} a model trained to rerank, such as cross-encoder/ms-marco-MiniLM-L6-v2."
    architectures = (encoder.config and encoder.config.architectures) or []
    # One module is a bare transformer, its head included; more were saved as a CrossEncoder, head and all.
    if len(encoder) == 1 and not any(name.endswith(SCORING_ARCHITECTURES) for name in architectures):
        kind = " and ".join(architectures) or "no known architecture"
        raise ModelUnusable(model, f"it is {kind}, which has no trained score", remedy)
    if encoder.num_labels != 1:
        raise ModelUnusable(
            model, f"it gives {encoder.num_labels} numbers to a pair of texts, not one", remedy
        )
