"""The image of a page -> its words with their boxes, by tesseract. Runs in the confined child.

tesseract is started by the child and inherits its limits, its lack of a network, and that it may write no
file; the image goes to its standard input. Its TSV output is described in its manual page, "CONFIG FILES".
"""

import io
import os
import subprocess
from itertools import groupby, pairwise
from statistics import fmean
from typing import Any

import pypdfium2 as pdfium

from sourcier_ingestion.confinement import end_with_parent

MAX_PIXELS = 40_000_000  # of the image given to tesseract; a larger page is drawn coarser
POINTS = 72  # to the inch
WORD_LEVEL = "5"  # of a TSV row: page, block, paragraph, line, word
COLUMNS = 12
LEAST_LINE = 0.4  # mean confidence of a line's words: what is below is a picture or a stain
UNSURE = 0.5  # confidence of a word that is counted as garbled
LOOK_FOR_ORIENTATION, UPRIGHT = "1", "3"  # page segmentation modes; the first needs osd.traineddata


def recognise_page(
    document: pdfium.PdfDocument, number: int, command: str, languages: list[str], dpi: int, seconds: float
) -> dict[str, Any]:
    """Read a page's image.

    Args:
        document: Open.
        number: 1-based.
        command: Path of tesseract.
        languages: tesseract's names, e.g. "fra".
        dpi: Of the image drawn.
        seconds: Wall clock for tesseract.

    Returns:
        `number`; `text`, a line for each printed one; `words` as [start, end, x0, y0, x1, y1, confidence],
        spans of the text, boxes in points from the top left, confidence in [0, 1]; `width`, `height`,
        `rotation`
        as by `read_page`; `garbled`: the share of words that tesseract is unsure of.

    Raises:
        OSError: tesseract cannot be run, fails, or takes too long.
    """
    page = document[number - 1]
    try:
        width, height = page.get_size()
        scale = min(dpi / POINTS, (MAX_PIXELS / max(1.0, width * height)) ** 0.5)
        image = page.render(scale=scale, grayscale=True).to_pil().convert("L")
    finally:
        page.close()
    out = io.BytesIO()
    image.save(out, "PPM")
    rows = _rows(_tesseract(command, out.getvalue(), languages, round(scale * POINTS), seconds))
    lines = [list(line) for _, line in groupby(rows, key=lambda row: row[2:5])]
    sure = [line for line in lines if fmean(float(row[10]) for row in line) >= 100 * LEAST_LINE]
    text, words = _laid_out(sure, width / image.width, height / image.height)
    return {
        "number": number,
        "text": text,
        "words": words,
        "width": width,
        "height": height,
        "rotation": _turned(sure),
        "garbled": round(fmean(word[6] < UNSURE for word in words), 3) if words else 0.0,
    }


def _tesseract(command: str, image: bytes, languages: list[str], dpi: int, seconds: float) -> str:
    options = ["--dpi", str(dpi)]
    for mode in (LOOK_FOR_ORIENTATION, UPRIGHT):
        try:
            done = subprocess.run(
                [command, "stdin", "stdout", "-l", "+".join(languages), *options, "--psm", mode, "tsv"],
                input=image,
                capture_output=True,
                timeout=seconds,
                check=False,
                # One thread: it is as fast on a page, and others need the cores.
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
                preexec_fn=end_with_parent,  # safe: this process has one thread
            )
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"tesseract took more than {seconds:g} seconds") from error
        if done.returncode == 0 and done.stdout.startswith(b"level\t"):
            return done.stdout.decode("utf-8", "replace")
    raise OSError(f"tesseract failed: {done.stderr.decode('utf-8', 'replace').strip()[:200]}")


def _rows(table: str) -> list[list[str]]:
    """Return the rows of words: level, page, block, paragraph, line, word, left, top, width, height, ..."""
    rows = [line.split("\t") for line in table.splitlines()[1:]]
    return [row for row in rows if row[0] == WORD_LEVEL and len(row) == COLUMNS and row[11].strip()]


def _laid_out(lines: list[list[list[str]]], across: float, down: float) -> tuple[str, list[list[float]]]:
    parts: list[str] = []
    words: list[list[float]] = []
    position = 0
    for line in lines:
        for row in line:
            left, top, width, height = map(int, row[6:10])
            word = row[11].strip()
            box = [left * across, top * down, (left + width) * across, (top + height) * down]
            confidence = round(float(row[10]) / 100, 3)
            words.append([position, position + len(word), *(round(edge, 2) for edge in box), confidence])
            position += len(word) + 1
        parts.append(" ".join(row[11].strip() for row in line))
    return "\n".join(parts), words


def _turned(lines: list[list[list[str]]]) -> int:
    """Return by how many degrees clockwise the lines are turned: the way from word to word."""
    across = down = 0
    for line in lines:
        for one, other in pairwise(line):
            across += int(other[6]) - int(one[6])
            down += int(other[7]) - int(one[7])
    if abs(across) >= abs(down):
        return 0 if across >= 0 else 180
    return 90 if down > 0 else 270
