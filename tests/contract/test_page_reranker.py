"""What every `PageReranker` does; and that ours gives the scores that transformers gives, or says why not."""

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import numpy as np
import pytest
from fakes import WordReranker
from tiny_bert import MAX_TOKENS, save_tiny_bert

from sourcier_core.cross_encoder import CrossEncoderReranker, open_cross_encoder
from sourcier_core.embedding_export import find_source
from sourcier_core.errors import ModelMissing, ModelUnusable
from sourcier_core.ports import PageReranker
from sourcier_core.settings import DEFAULT_MODEL, RetrievalSettings

INSTALLED = find_spec("sentence_transformers") is not None
QUESTION = "Quel est le délai pour déposer une demande ?"
TEXTS = [
    "Trente jours.",
    "",
    "The mileage rate above 5,000 km is 0.38 € per kilometre.",
    "L'agent dépose sa demande dans les trente jours. " * 40,
    "Code\tPoste\tDébit\nP-07\tPoste de relevage n° 7\t7 250",
    "« Œuvre », naïveté, ½ tarif – 中文, العربية, 🙂",
    "A demand is a demand.",
]


def opened(model: Path | str) -> CrossEncoderReranker:
    reranker = open_cross_encoder(RetrievalSettings(cross_encoder=str(model)))
    assert reranker is not None
    return reranker


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not INSTALLED:
        pytest.skip("sourcier[models] is not installed: no CrossEncoder can be made")
    return save_tiny_bert(tmp_path_factory.mktemp("cross-encoder") / "tiny")


@pytest.fixture(scope="module", params=["words", "cross-encoder"])
def reranker(request: pytest.FixtureRequest) -> PageReranker:
    return WordReranker() if request.param == "words" else opened(request.getfixturevalue("tiny"))


# --- every reranker


def test_each_text_gets_one_finite_score(reranker: PageReranker) -> None:
    scores = reranker.score(QUESTION, TEXTS)

    assert scores.shape == (len(TEXTS),)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    assert len(set(scores.tolist())) > 1


def test_a_text_gets_the_same_score_in_any_company_and_order(reranker: PageReranker) -> None:
    together = reranker.score(QUESTION, TEXTS)
    backwards = reranker.score(QUESTION, TEXTS[::-1])
    alone = [reranker.score(QUESTION, [text])[0] for text in TEXTS]

    assert backwards[::-1] == pytest.approx(together, abs=1e-4)
    assert alone == pytest.approx(together, abs=1e-4)


def test_no_texts_get_no_scores(reranker: PageReranker) -> None:
    assert reranker.score(QUESTION, []).shape == (0,)


def test_what_stands_beyond_what_is_read_changes_nothing(reranker: PageReranker) -> None:
    filled = "jour " * 1000

    cut, longer = reranker.score("jour", [filled, filled + QUESTION])

    assert cut == pytest.approx(longer, abs=1e-4)


def test_a_question_longer_than_what_is_read_is_cut_too(reranker: PageReranker) -> None:
    assert np.isfinite(reranker.score("délai " * 1000, TEXTS)).all()


def test_threads_get_the_scores_that_one_gets(reranker: PageReranker) -> None:
    questions = [f"{QUESTION} {letter * n}" for n, letter in enumerate(ascii_lowercase[:16], start=1)]
    one = [reranker.score(question, TEXTS) for question in questions]

    with ThreadPoolExecutor(4) as pool:
        several = list(pool.map(lambda question: reranker.score(question, TEXTS), questions))

    assert np.array(several) == pytest.approx(np.array(one), abs=1e-4)


def test_it_has_a_name_for_messages(reranker: PageReranker) -> None:
    assert reranker.model


# --- the cross-encoder


def test_scores_are_the_models_logits_whatever_the_batch(tiny: Path) -> None:
    from sentence_transformers import CrossEncoder

    small_batches = CrossEncoderReranker(CrossEncoder(str(tiny)), "tiny", batch_size=2)

    assert opened(tiny).score(QUESTION, TEXTS) == pytest.approx(logits(tiny), abs=1e-4)
    assert small_batches.score(QUESTION, TEXTS) == pytest.approx(logits(tiny), abs=1e-4)


def logits(folder: Path) -> list[float]:
    """Return what transformers alone gives for QUESTION with each of TEXTS."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    pairs = [
        tokenizer([QUESTION], [text], truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        for text in TEXTS
    ]
    with torch.no_grad():
        return [float(model(**pair).logits) for pair in pairs]


def test_without_a_model_configured_there_is_none() -> None:
    assert open_cross_encoder(RetrievalSettings()) is None
    assert open_cross_encoder(RetrievalSettings(cross_encoder="")) is None  # an empty variable


@pytest.mark.parametrize("model", ["no-such-organisation/no-such-model", "/no/such/folder"])
def test_a_model_that_is_not_on_this_machine_is_missing_and_the_message_says_what_to_do(
    tiny: Path, model: str
) -> None:
    with pytest.raises(ModelMissing, match=f"'{model}' was not found") as caught:
        opened(model)

    assert "retrieval.cross_encoder" in str(caught.value)
    assert f"hf download {model}" in str(caught.value)


def test_a_folder_without_a_model_is_missing(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        opened(tmp_path)


def test_without_the_library_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)

    with pytest.raises(ModelMissing, match=r"pip install 'sourcier\[models\]'"):
        opened("any/model")


def test_an_embedding_model_has_no_score_to_give(tiny: Path, tmp_path: Path) -> None:
    headless = save_tiny_bert(tmp_path, head=False)

    for model in (headless, find_source(DEFAULT_MODEL)):  # transformers would give both a random head
        with pytest.raises(ModelUnusable, match="no trained score"):
            opened(model)


def test_a_classifier_of_three_classes_gives_no_order(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="3 numbers"):
        opened(save_tiny_bert(tmp_path, labels=3))


def test_damaged_weights_are_reported_with_their_folder(tiny: Path, tmp_path: Path) -> None:
    damaged = shutil.copytree(tiny, tmp_path / "damaged")
    weights = damaged / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])

    with pytest.raises(ModelUnusable, match="damaged' cannot be used: it does not load"):
        opened(damaged)
