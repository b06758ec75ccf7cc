"""A generation built beside the live one, with real stores and a model of hashes: what it then holds."""

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import HashEmbedder, InterruptedEmbedder
from homes import everything, no_progress, open_home

from sourcier_core.bm25 import question_vector
from sourcier_core.edge_index import EdgeIndex
from sourcier_core.errors import GenerationNotReady
from sourcier_core.generation_store import Generation, GenerationState, GenerationStore
from sourcier_core.generations import OpenGeneration
from sourcier_core.ports import Embedder
from sourcier_core.recipe import Recipe
from sourcier_core.settings import ChunkingSettings, Settings
from sourcier_core.types import Document, Probe
from sourcier_core.wiring import Stores
from sourcier_ingestion.pipeline import Ingestion, Result
from sourcier_ingestion.reindexing import BuildCancelled, GenerationBuilder, promote, prune

DIMENSION = 32  # of the new generation's model
RECIPE = Recipe("pdfium-1", "lines-1", 32, 8, "snowball-1", None, "hash", "fp32", f"hash-{DIMENSION}-256")
SENTENCES = 8  # of a document: of 15 tokens each, so of several chunks


class Home:
    """A home under test: documents by name, and generations."""

    def __init__(self, stores: Stores, folder: Path) -> None:
        self.stores = stores
        self.settings = Settings(
            home=stores.home.root, chunking=ChunkingSettings(tokens=60, context_tokens=8)
        )
        self.ingestion = Ingestion(stores, self.settings)
        self.rows = GenerationStore(stores.catalogue)
        self.folder = folder
        self.rows.open_first(replace(RECIPE, embedder=stores.embedder.fingerprint), stores.embedder.dimension)

    def put(self, name: str, word: str) -> Document:
        """Add a document that says a word in each of its sentences, or replace it."""
        path = self.folder / name
        path.write_text(text_of(name, word), encoding="utf-8")
        outcome = self.ingestion.ingest(path, name, "hr", no_progress)
        assert outcome.result in (Result.INDEXED, Result.UNCHANGED)
        return outcome.document

    def delete(self, name: str) -> None:
        (document,) = (d for d in self.stores.catalogue.documents(["hr"]) if d.name == name)
        self.ingestion.delete(document.id)

    def begin(self, recipe: Recipe = RECIPE, edition: str = "") -> Generation:
        return self.rows.begin(recipe, DIMENSION, edition)

    def open(self, row: Generation, embedder: Embedder | None = None) -> OpenGeneration:
        embedder = embedder or HashEmbedder(row.dimension)
        return OpenGeneration(
            id=row.id,
            fingerprint=row.fingerprint,
            recipe=RECIPE if row.dimension == DIMENSION else None,
            embedder=embedder,
            index=EdgeIndex(self.stores.home.index(row.id), row.dimension),
            pages=self.stores.pages.of_edition(row.edition),
            edition=row.edition,
        )

    def builder(self, target: OpenGeneration, cancelled: threading.Event | None = None) -> GenerationBuilder:
        return GenerationBuilder(self.stores, self.settings, target, cancelled=cancelled)

    def promote(self, target: OpenGeneration, *, incomplete: bool = False) -> GenerationBuilder:
        builder = self.builder(target)
        promote(builder, self.stores, action="promote", who="a test", reason="", incomplete=incomplete)
        return builder

    def answers(self) -> list[str]:
        """The words of every chunk that a question sees now, in order."""
        dense = self.stores.embedder.embed_question("anything")
        scope = everything(self.stores)
        probe = Probe(dense, question_vector("anything", "en"))
        found = self.stores.index.search([probe], scope, 5000)
        assert len(found) == self.stores.index.count(scope)
        chunks = sorted((s.chunk for s in found), key=lambda c: (c.document, c.start))
        return [self.stores.pages.page(c.version, c.page or 1).text[c.start : c.end] for c in chunks]

    def words(self) -> dict[str, str]:
        """The word that each document says now, having checked that each says all of its text, once."""
        said: dict[str, list[str]] = {}
        for text in self.answers():
            said.setdefault(text.split(" of ")[1].split()[0], []).append(text)
        found = {}
        for name, texts in said.items():
            words = {part.split()[0] for text in texts for part in text.split("says ")[1:]}
            assert len(words) == 1, (name, words)
            (word,) = words
            assert " ".join(" ".join(texts).split()) == " ".join(text_of(name, word).split()), (name, texts)
            found[name] = word
        return found


def text_of(name: str, word: str) -> str:
    return "\n\n".join(
        f"Paragraph {n} of {name} says {word} about the matter that people ask for." for n in range(SENTENCES)
    )


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with open_home(tmp_path / "home") as stores:
        yield Home(stores, tmp_path)


def at_batch(number: int, do: Callable[[], None]) -> InterruptedEmbedder:
    return InterruptedEmbedder(HashEmbedder(DIMENSION), number, do)


def test_a_new_generation_answers_with_the_same_texts_cut_otherwise(home: Home) -> None:
    home.put("a.md", "apple")
    home.put("b.md", "birch")
    before = home.answers()

    target = home.open(home.begin())
    builder = home.promote(target)

    assert home.words() == {"a.md": "apple", "b.md": "birch"}
    after = home.answers()
    assert len(after) > len(before)
    assert home.stores.embedder.dimension == DIMENSION
    assert sum(d.chunk_count for d in home.stores.catalogue.documents(["hr"])) == len(after)
    assert builder.progress.documents_total == 2
    live = home.rows.live()
    assert live is not None
    assert live.id == target.id


def test_a_document_added_after_going_live_is_cut_and_embedded_as_the_new_one_is(home: Home) -> None:
    home.put("a.md", "apple")
    home.promote(home.open(home.begin()))
    of_a = len(home.answers())

    home.put("b.md", "birch")

    assert home.words() == {"a.md": "apple", "b.md": "birch"}
    assert len(home.answers()) == 2 * of_a


def test_what_changes_while_it_is_built_is_in_it_when_it_goes_live(home: Home) -> None:
    for name in ("a.md", "b.md", "c.md", "d.md"):
        home.put(name, "before")

    def change() -> None:  # a.md is written, b.md is about to be
        home.put("a.md", "after")
        home.delete("b.md")
        home.delete("c.md")
        home.put("e.md", "new")

    home.promote(home.open(home.begin(), at_batch(2, change)))

    assert home.words() == {"a.md": "after", "d.md": "before", "e.md": "new"}


def test_what_changes_between_building_and_going_live_is_in_it(home: Home) -> None:
    for name in ("a.md", "b.md", "c.md"):
        home.put(name, "before")
    target = home.open(home.begin())
    home.builder(target).catch_up()

    home.put("a.md", "after")
    home.delete("b.md")
    home.put("d.md", "new")
    home.promote(target)

    assert home.words() == {"a.md": "after", "c.md": "before", "d.md": "new"}


def test_writers_that_never_rest_lose_nothing_and_gain_nothing_by_swaps_back_and_forth(home: Home) -> None:
    for n in range(4):
        home.put(f"{n}.md", "first")
    chance = random.Random(4)
    stopping = threading.Event()
    said: dict[str, str] = {f"{n}.md": "first" for n in range(4)}

    def write() -> None:
        while not stopping.is_set():
            name, word = f"{chance.randrange(6)}.md", chance.choice(("red", "green", "blue"))
            if name in said and chance.random() < 0.3:
                home.delete(name)
                del said[name]
            else:
                home.put(name, word)
                said[name] = word

    writer = threading.Thread(target=write)
    writer.start()
    try:
        home.promote(home.open(home.begin()))
        for _ in range(3):
            previous = home.rows.previous()
            assert previous is not None
            home.promote(home.open(previous))
    finally:
        stopping.set()
        writer.join()

    assert home.words() == said
    assert len(home.rows.audited()) == 4


def test_a_building_that_broke_off_goes_on_where_it_was(home: Home) -> None:
    for name in ("a.md", "b.md", "c.md"):
        home.put(name, "same")
    row = home.begin()

    def fail() -> None:
        raise RuntimeError("killed")

    broken = home.open(row, at_batch(3, fail))
    with pytest.raises(RuntimeError):
        home.builder(broken).catch_up()
    broken.index.close()
    resumed = home.open(row)
    builder = home.promote(resumed)

    assert home.words() == dict.fromkeys(("a.md", "b.md", "c.md"), "same")
    assert builder.progress.documents_total == 3
    of_one = len(home.answers()) // 3
    assert builder.progress.chunks == of_one  # a.md and b.md were whole


@pytest.mark.parametrize("meanwhile", ["replaced", "deleted"])
def test_chunks_of_a_document_that_was_half_written_never_answer(
    home: Home, meanwhile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.put("a.md", "half")
    row = home.begin()
    target = home.open(row)

    class Half(EdgeIndex):
        def flush(self) -> None:
            raise RuntimeError("killed after the chunks were written")

    target.index.close()
    half = replace(target, index=Half(home.stores.home.index(row.id), DIMENSION))
    with pytest.raises(RuntimeError):
        home.builder(half).catch_up()
    half.index._shard.flush()  # type: ignore[attr-defined]
    half.index._shard.close()  # type: ignore[attr-defined]
    if meanwhile == "replaced":
        home.put("a.md", "whole")
    else:
        home.delete("a.md")
    home.promote(home.open(row))

    assert home.words() == ({"a.md": "whole"} if meanwhile == "replaced" else {})


def test_going_back_brings_nothing_deleted_back_and_loses_nothing_added(home: Home) -> None:
    for name in ("a.md", "b.md", "c.md"):
        home.put(name, "before")
    home.promote(home.open(home.begin()))
    home.delete("a.md")
    home.put("b.md", "after")
    home.put("d.md", "new")

    previous = home.rows.previous()
    assert previous is not None
    home.promote(home.open(previous))

    assert home.stores.embedder.dimension == 64
    assert home.words() == {"b.md": "after", "c.md": "before", "d.md": "new"}


def test_a_kept_generation_can_be_rid_of_what_was_deleted_without_going_live(home: Home) -> None:
    home.put("a.md", "secret")
    home.put("b.md", "open")
    home.promote(home.open(home.begin()))
    home.delete("a.md")
    previous = home.rows.previous()
    assert previous is not None

    kept = home.open(previous)
    home.builder(kept).remove_gone()

    left = {d.id for d in home.stores.catalogue.documents(["hr"])}
    scope = everything(home.stores)
    assert {document for document, _ in home.rows.held(previous.id)} == left
    assert kept.index.count(scope) == kept.index.count(replace(scope, documents=frozenset(left))) > 0
    assert home.words() == {"b.md": "open"}
    kept.index.close()


def test_cancelling_leaves_the_live_generation_as_it_is(home: Home) -> None:
    home.put("a.md", "apple")
    cancelled = threading.Event()
    row = home.begin()
    target = home.open(row, at_batch(1, cancelled.set))

    with pytest.raises(BuildCancelled):
        home.builder(target, cancelled).catch_up()
    target.index.close()
    prune(home.stores, home.settings, row.id, GenerationState.CANCELLED)

    assert home.words() == {"a.md": "apple"}
    assert not home.stores.home.index(row.id).exists()
    assert home.rows.get(row.id).state is GenerationState.CANCELLED


def test_a_document_that_cannot_be_read_again_holds_a_generation_back(home: Home) -> None:
    home.put("a.md", "apple")
    document = home.put("b.md", "birch")
    assert document.version is not None
    target = home.open(home.begin(replace(RECIPE, reader="pdfium-9"), "pdfium-9"))
    home.stores.originals.remove(document.version)

    with pytest.raises(GenerationNotReady, match=r"lacks 1 document\(s\), first 'hr/b.md': its original"):
        home.promote(target)

    assert home.words() == {"a.md": "apple", "b.md": "birch"}
    home.promote(target, incomplete=True)
    assert home.words() == {"a.md": "apple"}


def test_another_reader_reads_the_originals_again_and_both_readings_are_kept(home: Home) -> None:
    document = home.put("a.md", "apple")
    assert document.version is not None
    files = home.stores.home.root / "pages"
    row = home.begin(replace(RECIPE, reader="pdfium-9"), "pdfium-9")
    home.promote(home.open(row))

    assert home.words() == {"a.md": "apple"}
    assert {path.name for path in files.iterdir()} == {
        f"{document.version}.pages.zip",
        f"{document.version}.pdfium-9.pages.zip",
    }

    home.delete("a.md")  # in every edition
    assert list(files.iterdir()) == []


def test_the_same_reader_reads_nothing_again(home: Home) -> None:
    document = home.put("a.md", "apple")
    assert document.version is not None
    home.stores.originals.remove(document.version)

    home.promote(home.open(home.begin()))

    assert home.words() == {"a.md": "apple"}


def test_texts_that_were_embedded_by_the_same_model_are_not_embedded_again(home: Home) -> None:
    home.put("a.md", "apple")
    home.promote(home.open(home.begin()))
    home.put("b.md", "birch")
    seen = home.begin()
    target = home.open(seen, at_batch(1, lambda: pytest.fail("the model was asked")))

    builder = home.builder(target)
    builder.catch_up()

    assert builder.progress.vectors_made == 0
    assert builder.progress.vectors_reused == len(home.answers())
    target.index.close()


def test_who_may_read_a_document_is_what_it_is_now_in_the_index_that_goes_live(home: Home) -> None:
    document = home.put("a.md", "apple")
    home.put("b.md", "birch")
    target = home.open(home.begin())
    builder = home.builder(target)
    builder.catch_up()
    made = builder.progress.vectors_made
    home.ingestion.editing.change(document, groups=frozenset({"board"}))

    promote(builder, home.stores, action="promote", who="a test", reason="")

    scope = replace(everything(home.stores), groups=frozenset())
    everybody = home.stores.index.count(scope)
    board = home.stores.index.count(replace(scope, groups=frozenset({"board"})))
    assert 0 < everybody < board
    assert home.stores.index.count(replace(scope, documents=frozenset({document.id}))) == 0
    assert builder.progress.vectors_made == made
