"""Memory does not grow with the document: ten times the pages cost little more."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from pdfs import draw_page, new_pdf

TESTS = Path(__file__).parents[1]
WORDS = [a + b + c for a in "bcdfglmnprst" for b in ("a", "e", "io", "u") for c in ("r", "nt", "lle", "sion")]


def manual(path: Path, pages: int) -> Path:
    """A manual of full pages: forty lines, four chunks each; a chapter every twenty."""
    chosen = random.Random(pages)
    with new_pdf(path) as canvas:
        for number in range(1, pages + 1):
            if number % 20 == 1:
                canvas.bookmarkPage(f"p{number}")
                canvas.addOutlineEntry(f"Chapter {number // 20 + 1}", f"p{number}", 0)
            lines = [" ".join(chosen.choices(WORDS, k=14)) + "." for _ in range(40)]
            draw_page(canvas, lines, header="A long manual", footer=f"Page {number}")
    return path


def measure(folder: Path, pages: int) -> dict[str, int]:
    """Ingest a manual in a process of its own and return its peaks, in kB."""
    file = manual(folder / f"{pages}.pdf", pages)
    arguments = [str(TESTS / "measured_ingestion.py"), str(folder / f"home-{pages}"), str(file)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, stdout=subprocess.PIPE, check=True, timeout=250
    )
    measured: dict[str, int] = json.loads(done.stdout)
    assert measured["pages"] == pages
    assert measured["chunks"] >= 3 * pages
    return measured


@pytest.mark.timeout(600)
def test_ten_times_the_pages_need_at_most_a_quarter_more_memory(tmp_path: Path) -> None:
    short, long = measure(tmp_path, 160), measure(tmp_path, 1600)

    assert {name: long[name] / short[name] <= 1.25 for name in ("parent", "child")} == {
        "parent": True,
        "child": True,
    }, (short, long)
