"""Pages -> chunks with the text that finds them -> vectors -> one index: what every write has in common."""

from collections.abc import Iterator, Sequence

from sourcier_core.bm25 import document_vector
from sourcier_core.glossary import packaged
from sourcier_core.language import detect_language
from sourcier_core.page_store import PageStore
from sourcier_core.ports import ChunkIndex, Embedder
from sourcier_core.types import Chunk, IndexedChunk, Marks, chunk_id
from sourcier_ingestion.chunking import Chunker
from sourcier_ingestion.reading import Reading
from sourcier_ingestion.sections import SectionTracker
from sourcier_ingestion.titles import context_title

WINDOW_CHUNKS = 128  # embedded and written together; bounds memory, and lets batches be of like length


class LanguageCount:
    """The language of most of a document's pages; a page too short to tell is taken to be in it."""

    def __init__(self) -> None:
        self._characters: dict[str, int] = {}

    def see(self, text: str) -> str:
        """Count a page and return its language."""
        language = detect_language(text, default=self.language())
        self._characters[language] = self._characters.get(language, 0) + len(text)
        return language

    def language(self) -> str:
        """Return the language of most of what was seen; "und" of nothing."""
        return max(self._characters, key=lambda known: self._characters[known]) if self._characters else "und"


def make_chunks(
    *,
    chunker: Chunker,
    pages: PageStore,
    reading: Reading,
    identity: str,
    collection: str,
    version: str,
    edition: str,
    name: str,
    title: str,
    languages: LanguageCount,
) -> Iterator[tuple[Chunk, str]]:
    """Give each chunk of a version with the text that finds it, page after page.

    Args:
        chunker: Of the generation that is written.
        pages: That hold the version's pages.
        reading: What was read of it.
        identity: Id of the document.
        collection: Of the document.
        version: sha256 of the file.
        edition: What the chunks' ids are made of: a version that returns has chunks of its own.
        name: Of the document.
        title: Of the document.
        languages: Sees each page.
    """
    tracker = SectionTracker(reading.structure.outline)
    found_by = context_title(title, name)
    for page in pages.in_order(version, reading.structure.page_count):
        body = reading.running_lines.body(page.text)
        starts = tracker.see(page, body)
        language = languages.see(page.text)
        chars, digits = _count_characters(page.text[slice(*body)])
        for span in chunker.split(page, body, starts):
            chunk = Chunk(
                id=chunk_id(identity, edition, page.number, span.start, span.end),
                document=identity,
                collection=collection,
                version=version,
                page=page.number,
                start=span.start,
                end=span.end,
                section=span.section,
                language=language,
                page_chars=chars,
                page_digits=round(digits / chars, 3) if chars else 0.0,
            )
            yield chunk, chunker.contextual_text(found_by, page, span)


def write_window(
    index: ChunkIndex,
    embedder: Embedder,
    window: Sequence[tuple[Chunk, str]],
    valid_from: int,
    *,
    pivot: bool,
    marks: Marks,
) -> None:
    """Embed some chunks and write them; French ones also as put into English, where there is a pivot.

    Raises:
        DependencyError: They could not be written.
    """
    vectors = embedder.embed_documents([text for _, text in window])
    french = [nth for nth, (chunk, _) in enumerate(window) if pivot and chunk.language == "fr"]
    put = [packaged().translate(window[nth][1], window[nth][0].language).text for nth in french]
    pivots = dict(zip(french, embedder.embed_documents(put), strict=True)) if put else {}
    index.upsert(
        [
            IndexedChunk(
                chunk, vector, document_vector(text, chunk.language), valid_from, pivots.get(nth), marks
            )
            for nth, ((chunk, text), vector) in enumerate(zip(window, vectors, strict=True))
        ]
    )


def _count_characters(text: str) -> tuple[int, int]:
    """Return how many characters are no white space, and how many of these are digits."""
    dense = "".join(text.split())
    return len(dense), sum(character.isdigit() for character in dense)
