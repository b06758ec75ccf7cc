from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from examples import a_document
from sqlalchemy import text

from sourcier_core.catalogue import Catalogue
from sourcier_core.errors import GenerationNotFound, IndexMismatch
from sourcier_core.generation_store import (
    Facts,
    GenerationState,
    GenerationStore,
    Held,
    audit_entry,
    edition_of,
)
from sourcier_core.quote_boxes import QuoteBoxes, QuoteBoxStore
from sourcier_core.recipe import Recipe
from sourcier_core.types import Document, MediaType, Structure

RECIPE = Recipe("pdfium-1", "lines-1", 200, 40, "snowball-1", "v1", "a/model", "fp32", "model-abc")
OTHER = replace(RECIPE, tokens=120)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite3'}")
    opened.add_collection("samples", public=True)
    yield opened
    opened.close()


@pytest.fixture
def store(catalogue: Catalogue) -> GenerationStore:
    return GenerationStore(catalogue)


def commit(catalogue: Catalogue, document: Document) -> None:
    write = catalogue.begin_write(document.id)
    catalogue.commit_version(write, document, Structure(MediaType.PDF, document.page_count))


def held(document: Document, **facts: object) -> Held:
    assert document.version is not None
    return Held(document.version, replace(Facts.of(document), **facts), "")  # type: ignore[arg-type]


def promote(store: GenerationStore, catalogue: Catalogue, generation: int) -> None:
    sequence, wanted = store.wanted()
    store.promote(generation, sequence, wanted, audit_entry("ada", "promote", generation, "better"))


def test_the_first_generation_is_made_live(store: GenerationStore) -> None:
    assert store.live() is None

    made = store.open_first(RECIPE, 384)

    assert store.live() == made
    assert (made.state, made.recipe, made.dimension) == (GenerationState.LIVE, RECIPE, 384)
    assert store.open_first(RECIPE, 384) == made


def test_a_generation_of_unknown_making_is_refused_where_its_fingerprint_is_another(
    store: GenerationStore, catalogue: Catalogue
) -> None:
    store.open_first(RECIPE, 384)
    with catalogue.writing() as connection:
        connection.execute(text("UPDATE generations SET recipe = NULL"))

    with pytest.raises(IndexMismatch, match=r"lines-1-200.*lines-1-120"):
        store.open_first(OTHER, 384)


def test_a_generation_of_unknown_making_gets_it_noted_where_its_fingerprint_is_the_same(
    store: GenerationStore, catalogue: Catalogue
) -> None:
    store.open_first(RECIPE, 384)
    with catalogue.writing() as connection:
        connection.execute(text("UPDATE generations SET recipe = NULL"))

    assert store.open_first(RECIPE, 384).recipe == RECIPE


def test_promoting_swaps_which_one_is_live_and_says_what_each_holds(
    store: GenerationStore, catalogue: Catalogue
) -> None:
    first = store.open_first(RECIPE, 384)
    commit(catalogue, a_document())
    second = store.begin(OTHER, 384, "", {"who": "ada"})
    store.hold(second.id, (a_document().id, 1), held(a_document(), chunk_count=35))

    promote(store, catalogue, second.id)

    live, former = store.get(second.id), store.get(first.id)
    assert store.live() == live
    assert (live.state, live.complete_at, live.retired_at) == (GenerationState.LIVE, 1, None)
    assert former.state is GenerationState.KEPT
    assert former.retired_at is not None
    assert store.previous() == former
    assert store.held(second.id) == {}
    (kept,) = store.held(first.id).items()
    assert kept[0] == (a_document().id, 1)
    assert (kept[1].version, kept[1].facts) == (a_document().version, Facts.of(a_document()))
    document = catalogue.document(a_document().id)
    assert document is not None
    assert document.chunk_count == 35
    (entry,) = store.audited()
    assert (entry.who, entry.action, entry.subject, entry.reason) == (
        "ada",
        "promote",
        f"generation {second.id}",
        "better",
    )


def test_going_back_brings_back_what_the_former_chunker_counted(
    store: GenerationStore, catalogue: Catalogue
) -> None:
    first = store.open_first(RECIPE, 384)
    commit(catalogue, a_document())
    second = store.begin(OTHER, 384, "")
    store.hold(second.id, (a_document().id, 1), held(a_document(), chunk_count=35))
    promote(store, catalogue, second.id)

    promote(store, catalogue, first.id)

    document = catalogue.document(a_document().id)
    assert document is not None
    assert document.chunk_count == a_document().chunk_count
    assert [row.state for row in store.all()] == [GenerationState.KEPT, GenerationState.LIVE]


def test_another_reader_changes_what_is_known_of_a_document_and_forgets_the_boxes(
    store: GenerationStore, catalogue: Catalogue
) -> None:
    store.open_first(RECIPE, 384)
    commit(catalogue, a_document())
    boxes = QuoteBoxStore(catalogue.engine)
    boxes.put(a_document().version or "", 1, 0, 5, QuoteBoxes((), True, 595.0, 842.0))
    second = store.begin(replace(RECIPE, reader="pdfium-2"), 384, "pdfium-2")
    store.hold(second.id, (a_document().id, 1), held(a_document(), page_count=11, title="A better title"))

    promote(store, catalogue, second.id)

    document = catalogue.document(a_document().id)
    version = catalogue.document_version(a_document().id, a_document().version or "")
    assert document is not None
    assert version is not None
    assert (document.page_count, document.title) == (11, "A better title")
    assert (version.page_count, version.title) == (11, "A better title")
    assert boxes.get(a_document().version or "", 1, 0, 5) is None


def test_the_live_generation_cannot_be_ended(store: GenerationStore) -> None:
    live = store.open_first(RECIPE, 384)

    store.end(live.id, GenerationState.PRUNED)

    assert store.live() == live


def test_a_report_stays_when_the_index_is_gone(store: GenerationStore) -> None:
    store.open_first(RECIPE, 384)
    made = store.begin(OTHER, 384, "")
    store.note(made.id, report={"passed": False})

    store.end(made.id, GenerationState.PRUNED)

    assert (store.get(made.id).state, store.get(made.id).report) == (
        GenerationState.PRUNED,
        {"passed": False},
    )


def test_a_generation_that_is_not_there_is_not_found(store: GenerationStore) -> None:
    with pytest.raises(GenerationNotFound, match="No generation 7 here"):
        store.get(7)


def test_pages_are_read_again_only_where_the_reader_is_another(store: GenerationStore) -> None:
    live = store.open_first(RECIPE, 384)

    assert edition_of(live, OTHER) == ""
    assert edition_of(live, replace(RECIPE, reader="pdfium-2")) == "pdfium-2"
    assert edition_of(replace(live, recipe=None), RECIPE) == "pdfium-1"
