"""Pages of one version, stored: what the read path finds sentences and sections in."""

from collections.abc import Sequence
from pathlib import Path

from examples import VERSION

from sourcier_core.file_store import FileStore
from sourcier_core.page_store import PageStore
from sourcier_core.types import MediaType, OutlineEntry, Page, Structure


def store_pages(folder: Path, *pages: Page, outline: Sequence[OutlineEntry] = ()) -> PageStore:
    """Store pages as those of VERSION."""
    store = PageStore(FileStore(str(folder)))
    with store.write(VERSION) as writer:
        for page in pages:
            writer.add(page)
        writer.finish(Structure(MediaType.PDF, page_count=len(pages), outline=tuple(outline)))
    return store
