from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sourcier_core.file_store import FileStore
from sourcier_core.page_store import CACHED_PAGES, PageStore, label_of
from sourcier_core.types import (
    Box,
    Heading,
    HiddenText,
    MediaType,
    OutlineEntry,
    Page,
    PageFindings,
    PageSource,
    RecognisedWord,
    Structure,
    TableRow,
)

VERSION = "a" * 64
OFFSETS = st.integers(min_value=0, max_value=2**31)
SPANS = st.tuples(OFFSETS, OFFSETS)
HEADINGS = st.builds(Heading, start=OFFSETS, level=st.integers(1, 6), title=st.text())
ROWS = st.builds(TableRow, start=OFFSETS, end=OFFSETS, header=st.none() | SPANS)


POINTS = st.floats(0, 2000)
BOXES = st.builds(Box, x0=POINTS, y0=POINTS, x1=POINTS, y1=POINTS)
FINDINGS = st.builds(
    PageFindings,
    source=st.sampled_from(PageSource),
    width=POINTS,
    height=POINTS,
    rotation=st.sampled_from([0, 90, 180, 270]),
    garbled=st.floats(0, 1),
    ocr_layer=st.booleans(),
    hidden=st.lists(st.builds(HiddenText, reason=st.sampled_from(["tiny", "off_page"]), text=st.text())).map(
        tuple
    ),
    failure=st.none() | st.just("reading_timed_out"),
    words=st.lists(
        st.builds(RecognisedWord, start=OFFSETS, end=OFFSETS, box=BOXES, confidence=st.floats(0, 1)),
        max_size=3,
    ).map(tuple),
)


def pages(numbers: st.SearchStrategy[int | None]) -> st.SearchStrategy[Page]:
    return st.builds(
        Page,
        number=numbers,
        text=st.text(),
        headings=st.lists(HEADINGS).map(tuple),
        rows=st.lists(ROWS).map(tuple),
        warning=st.none() | st.sampled_from(["blank", "image_only"]),
        findings=FINDINGS,
    )


STRUCTURES = st.builds(
    Structure,
    media_type=st.sampled_from(MediaType),
    page_count=st.integers(1, 10_000),
    title=st.none() | st.text(),
    outline=st.lists(
        st.builds(OutlineEntry, level=st.integers(1, 9), title=st.text(), page=st.integers(1, 99))
    ).map(tuple),
    labels=st.lists(st.none() | st.text()).map(tuple),
    warnings=st.lists(st.text()).map(tuple),
)


@pytest.fixture
def store(tmp_path: Path) -> PageStore:
    return PageStore(FileStore(str(tmp_path)))


def put(store: PageStore, *written: Page, version: str = VERSION) -> None:
    with store.write(version) as writer:
        for page in written:
            writer.add(page)
        writer.finish(Structure(MediaType.PDF, len(written)))


@settings(max_examples=50)
@given(
    st.lists(pages(st.just(1)), min_size=1, max_size=5).map(
        lambda drawn: [
            Page(n, p.text, p.headings, p.rows, p.warning, p.findings) for n, p in enumerate(drawn, 1)
        ]
    ),
    STRUCTURES,
)
def test_pages_and_structure_come_back_as_they_were_written(drawn: list[Page], structure: Structure) -> None:
    with TemporaryDirectory() as folder:
        with PageStore(FileStore(folder)).write(VERSION) as writer:
            for page in drawn:
                writer.add(page)
            writer.finish(structure)

        again = PageStore(FileStore(folder))

        assert again.structure(VERSION) == structure
        assert [again.page(VERSION, page.key) for page in drawn] == drawn


@settings(max_examples=20)
@given(pages(st.none()))
def test_a_text_pane_comes_back_as_page_1_without_a_number(pane: Page) -> None:
    with TemporaryDirectory() as folder:
        store = PageStore(FileStore(folder))
        put(store, pane)

        assert store.page(VERSION, 1) == pane


def test_several_pages_are_read_at_once(store: PageStore) -> None:
    put(store, *(Page(number, f"page {number}") for number in range(1, 30)))

    found = store.pages(VERSION, [7, 3, 29])

    assert {number: page.text for number, page in found.items()} == {7: "page 7", 3: "page 3", 29: "page 29"}


def test_pages_that_were_read_are_the_same_when_read_again(store: PageStore) -> None:
    put(store, Page(1, "one"), Page(2, "two"))

    first = store.page(VERSION, 2)

    assert store.pages(VERSION, [1, 2]) == {1: Page(1, "one"), 2: first}
    assert store.page(VERSION, 2) is first


def test_more_pages_than_are_kept_in_memory_can_be_read(store: PageStore) -> None:
    count = CACHED_PAGES + 10
    put(store, *(Page(number, str(number)) for number in range(1, count + 1)))

    found = store.pages(VERSION, list(range(1, count + 1)))

    assert [found[number].text for number in (1, count)] == ["1", str(count)]
    assert store.page(VERSION, 1).text == "1"


def test_a_page_that_a_version_does_not_have_is_a_key_error(store: PageStore) -> None:
    put(store, Page(1, "one"))

    with pytest.raises(KeyError):
        store.page(VERSION, 2)


def test_a_version_that_is_not_stored_is_not_found(store: PageStore) -> None:
    assert not store.exists(VERSION)
    with pytest.raises(FileNotFoundError):
        store.page(VERSION, 1)
    with pytest.raises(FileNotFoundError):
        store.structure(VERSION)


def test_a_reading_that_breaks_off_stores_nothing(store: PageStore, tmp_path: Path) -> None:
    def break_off() -> None:
        with store.write(VERSION) as writer:
            writer.add(Page(1, "one"))
            raise ValueError("broken off")

    with pytest.raises(ValueError, match="broken off"):
        break_off()

    assert not store.exists(VERSION)
    assert list(tmp_path.iterdir()) == []


def test_a_removed_version_is_gone_from_memory_too(store: PageStore) -> None:
    put(store, Page(1, "one"))
    put(store, Page(1, "other"), version="b" * 64)
    store.page(VERSION, 1)
    store.structure(VERSION)

    store.remove(VERSION)

    with pytest.raises(FileNotFoundError):
        store.page(VERSION, 1)
    with pytest.raises(FileNotFoundError):
        store.structure(VERSION)
    assert store.page("b" * 64, 1).text == "other"


def test_each_pages_text_is_stored_compressed(store: PageStore, tmp_path: Path) -> None:
    put(store, *(Page(number, "Le délai est de trente jours. " * 100) for number in range(1, 101)))

    size = sum(path.stat().st_size for path in tmp_path.iterdir())

    # 100 pages of 3,000 characters, the same words over and over: a tenth is generous.
    assert size < 100 * 3000 / 10


def test_a_label_is_the_one_printed_on_that_page() -> None:
    structure = Structure(MediaType.PDF, 3, labels=("i", None, "1"))

    assert [label_of(structure, page) for page in (1, 2, 3)] == ["i", None, "1"]


def test_a_page_without_labels_has_none() -> None:
    assert label_of(Structure(MediaType.PDF, 3), 2) is None
    assert label_of(Structure(MediaType.TEXT, 1), None) is None
