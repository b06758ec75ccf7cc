"""Ingests one file, and stops dead at a stage of the write path, to be killed there: see test_crash.py.

python stalled_ingestion.py HOME EXPORTS FILE STAGE
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

from fakes import HashEmbedder, InterruptedEmbedder, InterruptedIndex
from homes import no_progress

from sourcier_core.settings import load_settings
from sourcier_core.types import JobState
from sourcier_core.wiring import Stores, open_stores
from sourcier_ingestion.pipeline import Ingestion

DIMENSION = 384  # of the default model, whose place the words' hashes take
STAGES = ("reading", "embedding", "upsert", "retire", "flush", "done")


def stall() -> None:
    """Say that the stage is reached, and never return."""
    print("STALLED", flush=True)
    time.sleep(600)


def stalling(stores: Stores, stage: str) -> Stores:
    """Return the stores, one of which stalls at the stage."""
    embedder = HashEmbedder(DIMENSION)
    if stage == "embedding":
        # At the second of three windows: the first is in the index.
        return replace(stores, embedder=InterruptedEmbedder(embedder, 2, stall))
    if stage in ("upsert", "retire", "flush"):
        return replace(stores, embedder=embedder, index=InterruptedIndex(stores.index, after={stage: stall}))
    return replace(stores, embedder=embedder)


def stall_while_reading(state: JobState, done: int, total: int) -> None:
    """Stall when the first window of pages is read."""
    if state is JobState.READING and done:
        stall()


def main(home: str, exports: str, file: str, stage: str) -> None:
    """Ingest the file as `guide.pdf` of the collection `hr`."""
    settings = load_settings(home=Path(home), overrides={"embedding": {"exports": Path(exports)}})
    stores = open_stores(settings, owner="stalled_ingestion")
    progress = stall_while_reading if stage == "reading" else no_progress
    Ingestion(stalling(stores, stage), settings).ingest(Path(file), "guide.pdf", "hr", progress)
    stall()


if __name__ == "__main__":
    main(*sys.argv[1:])
