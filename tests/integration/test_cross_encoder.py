"""A home searched with a cross-encoder configured: its order, the ranker's scores, and nothing left open."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from pdfs import Line, Title, write_pdf
from tiny_bert import save_tiny_bert

from sourcier_core.cross_encoder import open_cross_encoder
from sourcier_core.errors import ModelMissing
from sourcier_core.settings import EmbeddingSettings, RetrievalSettings, Settings
from sourcier_core.types import JobState, Passage
from sourcier_service.access import ANONYMOUS
from sourcier_service.reordering import reorder
from sourcier_service.wiring import open_services

QUESTION = "How often is the pump oiled?"
PARTS = ("valve", "gauge", "rotor", "hose", "filter", "motor", "seal", "shaft")

pytestmark = pytest.mark.skipif(
    find_spec("sentence_transformers") is None, reason="sourcier[models] is not installed"
)


def silent(_state: JobState, _done: int, _total: int) -> None:
    pass


class Manual:
    """A home with a manual of eight pages, one to a part, searched with various settings."""

    def __init__(self, folder: Path, exports: Path) -> None:
        self._home = folder / "home"
        self._exports = exports
        pages: list[list[Line]] = [
            [Title(f"The {part}"), f"Of each pump the {part} is oiled in week {n}."]
            for n, part in enumerate(PARTS)
        ]
        services = open_services(self.settings(RetrievalSettings()), owner="a test")
        services.stores.catalogue.add_collection("open", public=True)
        services.ingestion.ingest(write_pdf(folder / "manual.pdf", *pages), "manual.pdf", "open", silent)
        services.close()

    def settings(self, retrieval: RetrievalSettings) -> Settings:
        return Settings(
            home=self._home, embedding=EmbeddingSettings(exports=self._exports), retrieval=retrieval
        )

    def search(self, retrieval: RetrievalSettings, limit: int = len(PARTS)) -> tuple[Passage, ...]:
        services = open_services(self.settings(retrieval), owner="a test")
        try:
            return services.answering.search(QUESTION, services.access.scope(ANONYMOUS), limit=limit).passages
        finally:
            services.close()


@pytest.fixture(scope="module")
def manual(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> Manual:
    return Manual(tmp_path_factory.mktemp("manual"), exports)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_tiny_bert(tmp_path_factory.mktemp("model")))


def test_the_best_pages_stand_in_the_models_order_with_the_rankers_scores(manual: Manual, model: str) -> None:
    chosen = RetrievalSettings(cross_encoder=model)
    plain = manual.search(RetrievalSettings())

    found = manual.search(chosen)

    reranker = open_cross_encoder(chosen)
    assert reranker is not None
    assert list(found) == reorder(QUESTION, plain, reranker, len(PARTS))
    assert [p.page for p in found] != [p.page for p in plain]


def test_pages_beyond_those_asked_for_are_read_too(manual: Manual, model: str) -> None:
    chosen = RetrievalSettings(cross_encoder=model)

    assert [p.page for p in manual.search(chosen, limit=2)] == [p.page for p in manual.search(chosen)[:2]]


def test_pages_that_it_does_not_read_stay_where_they_are(manual: Manual, model: str) -> None:
    chosen = RetrievalSettings(cross_encoder=model, cross_encoder_passages=1)

    assert manual.search(chosen) == manual.search(RetrievalSettings())


def test_a_missing_model_leaves_the_home_to_others(manual: Manual) -> None:
    with pytest.raises(ModelMissing):
        manual.search(RetrievalSettings(cross_encoder="no/such-model"))

    assert len(manual.search(RetrievalSettings())) == len(PARTS)
