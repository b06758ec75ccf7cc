"""Ingests one file and prints the peak memory of this process and of the reader's: see test_memory.py.

python measured_ingestion.py HOME FILE
"""

import json
import resource
import sys
from pathlib import Path

from homes import everything, no_progress, open_home

from sourcier_core.settings import load_settings
from sourcier_ingestion.pipeline import Ingestion


def main(home: Path, file: Path) -> None:
    """Ingest the file as `guide.pdf` of the collection `hr`."""
    with open_home(home) as stores:
        ingestion = Ingestion(stores, load_settings(home=home))
        document = ingestion.ingest(file, "guide.pdf", "hr", no_progress).document
        chunks = stores.index.count(everything(stores))
    peaks = {
        "parent": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "child": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
    }
    print(json.dumps({**peaks, "pages": document.page_count, "chunks": chunks}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
