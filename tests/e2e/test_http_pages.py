"""Pages over HTTP: text, boxes, images with the highlight, original files."""

import io
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium
import pytest
from api_calls import answer, document_named, error_of, place_of
from PIL import Image

PUMPS = "How often is a lifting pump oiled?"
PUMPS_QUOTE = (
    "A lifting pump is oiled after every 400 hours of running, by two\n"
    "trained agents who wear gloves and goggles."
)
SCALE = 3  # pixels to the point: the edges of a box are then small beside it
EDGE = 3  # pixels inside a box that may be of either colour
BLOCK = 16  # pixels around a box that the marker's edge and JPEG's blocks may tint

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


@pytest.fixture(scope="module")
def guide(anonymous: httpx.Client) -> str:
    """The path of the field guide's pages."""
    return place_of(document_named(anonymous, "field-guide.pdf"))


@pytest.fixture(scope="module")
def notes(anonymous: httpx.Client) -> str:
    """The path of the Markdown notes."""
    return place_of(document_named(anonymous, "notes.md"))


@pytest.fixture(scope="module")
def pumps(anonymous: httpx.Client) -> dict[str, Any]:
    """A citation that runs over two printed lines."""
    (citation,) = answer(anonymous, PUMPS)["citations"]
    assert citation["quote"] == PUMPS_QUOTE
    found: dict[str, Any] = citation
    return found


def test_a_page_is_its_text_its_size_and_its_headings(anonymous: httpx.Client, guide: str) -> None:
    body = anonymous.get(f"{guide}/pages/2").json()

    assert body["text"].split("\n") == [
        "2 Claims",
        "A claim for travel costs is filed within 30 days of the return.",
        "The mileage rate above 5,000 km is 0.42 euro per kilometre.",
    ]
    assert (body["page"], body["page_label"], body["page_count"]) == (2, "1", 3)
    assert (body["width"], body["height"]) == (595.0, 842.0)
    assert body["headings"] == ["2 Claims"]
    assert (body["boxes"], body["verified"]) == ([], None)  # no span was asked for


def test_the_boxes_of_a_span_stand_one_to_a_printed_line(
    anonymous: httpx.Client, pumps: dict[str, Any]
) -> None:
    body = anonymous.get(pumps["page_url"]).json()

    first, second = body["boxes"]
    # Lines begin 72 points from the left; baselines are 15 apart, the first at 770 - 20 - 15 of 842 points.
    assert first["x0"] == pytest.approx(72, abs=1)
    assert second["x0"] == pytest.approx(72, abs=1)
    assert first["y0"] < 842 - 735 < first["y1"]
    assert second["y1"] - first["y1"] == pytest.approx(15, abs=0.5)
    assert body["verified"] is True


def test_the_words_inside_the_boxes_are_the_quote(anonymous: httpx.Client, pumps: dict[str, Any]) -> None:
    file = anonymous.get(pumps["original_url"]).content

    # Read by a reader of the test's own, out of the original file.
    document = pdfium.PdfDocument(file)
    page = document[pumps["page"] - 1]
    text, height = page.get_textpage(), page.get_height()
    inside = [
        text.get_text_bounded(left=b["x0"], bottom=height - b["y1"], right=b["x1"], top=height - b["y0"])
        for b in pumps["boxes"]
    ]
    text.close(), page.close(), document.close()

    assert [words.strip() for words in inside] == PUMPS_QUOTE.split("\n")


def pixels(client: httpx.Client, path: str) -> Pixels:
    """Return a JPEG's pixels: rows, columns, red green blue."""
    response = client.get(path)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/jpeg"
    return np.asarray(Image.open(io.BytesIO(response.content)).convert("RGB"))


def marked(image: Pixels) -> Mask:
    """Tell which pixels are yellow paper: red and green stay, blue goes."""
    return (image[..., 0] > 200) & (image[..., 1] > 160) & (image[..., 2] < 110)


def test_the_highlight_covers_the_quotes_boxes_and_nothing_else(
    anonymous: httpx.Client, pumps: dict[str, Any]
) -> None:
    link = pumps["image_url"]
    before = pixels(anonymous, f"{link.partition('?')[0]}?scale={SCALE}")
    after = pixels(anonymous, f"{link}&scale={SCALE}")
    assert before.shape == after.shape == (842 * SCALE, 595 * SCALE, 3)

    paper, ink, yellow = before.min(axis=2) > 250, before.max(axis=2) < 40, marked(after)
    elsewhere = np.ones(yellow.shape, dtype=bool)
    for box in pumps["boxes"]:
        x0, y0, x1, y1 = (round(box[side] * SCALE) for side in ("x0", "y0", "x1", "y1"))
        inside = slice(y0 + EDGE, y1 - EDGE), slice(x0 + EDGE, x1 - EDGE)
        assert paper[inside].mean() > 0.3
        assert yellow[inside][paper[inside]].mean() > 0.98
        assert ink[inside].sum() > 100  # the words are still there, and black
        assert (after[inside][ink[inside]].max(axis=1) < 90).mean() > 0.95
        elsewhere[y0 - BLOCK : y1 + BLOCK, x0 - BLOCK : x1 + BLOCK] = False
    assert elsewhere.mean() > 0.9
    assert not yellow[elsewhere].any()
    assert not marked(before).any()


def test_an_image_without_a_span_is_plain_and_as_large_as_asked(anonymous: httpx.Client, guide: str) -> None:
    response = anonymous.get(f"{guide}/pages/1.jpg")

    image = Image.open(io.BytesIO(response.content))
    assert image.size == (893, 1263)  # 595 x 842 points at 1.5 pixels, rounded up
    assert (
        response.headers["cache-control"] == "private, no-cache"
    )  # asked for again: it may be deleted since


@pytest.mark.parametrize(
    ("start", "end"),
    [(5, 5), (9, 5), (0, 10_000), (10**30, 10**31)],
    ids=["empty", "reversed", "beyond", "huge"],
)
def test_a_span_that_is_none_marks_nothing(anonymous: httpx.Client, guide: str, start: int, end: int) -> None:
    body = anonymous.get(f"{guide}/pages/1", params={"start": start, "end": end}).json()

    assert (body["boxes"], body["verified"]) == ([], None)
    plain = anonymous.get(f"{guide}/pages/1.jpg").content
    assert anonymous.get(f"{guide}/pages/1.jpg", params={"start": start, "end": end}).content == plain


@pytest.mark.parametrize(
    ("suffix", "param"),
    [
        ("/pages/1.jpg?scale=0", "query.scale"),
        ("/pages/1.jpg?scale=4.1", "query.scale"),
        ("/pages/1.jpg?scale=nan", "query.scale"),
        ("/pages/1?start=-1&end=4", "query.start"),
        ("/pages/one", "path.page"),
    ],
)
def test_a_parameter_out_of_range_is_named(
    anonymous: httpx.Client, guide: str, suffix: str, param: str
) -> None:
    response = anonymous.get(guide + suffix)

    assert response.status_code == 422
    error = error_of(response)
    assert (error["code"], error["param"]) == ("invalid_request", param)


@pytest.mark.parametrize("page", [0, -1, 4, 10**30])
@pytest.mark.parametrize("suffix", ["", ".jpg"])
def test_a_page_that_the_document_does_not_have_is_not_found(
    anonymous: httpx.Client, guide: str, page: int, suffix: str
) -> None:
    response = anonymous.get(f"{guide}/pages/{page}{suffix}")

    assert response.status_code == 404
    error = error_of(response)
    assert error["code"] == "page_not_found"
    assert error["message"] == f"'field-guide.pdf' has 3 page(s), no page {page}. Ask for 1 to 3."


def test_a_version_that_the_document_never_had_is_not_found(anonymous: httpx.Client, guide: str) -> None:
    other = guide.rsplit("/", 1)[0] + "/" + "0" * 64

    for path in ("/pages/1", "/pages/1.jpg", "/original"):
        response = anonymous.get(other + path)
        assert (response.status_code, error_of(response)["code"]) == (404, "document_not_found")


def test_a_version_of_another_document_is_not_found(anonymous: httpx.Client, guide: str, notes: str) -> None:
    crossed = guide.rsplit("/", 1)[0] + "/" + notes.rsplit("/", 1)[1]

    assert anonymous.get(f"{crossed}/pages/1").status_code == 404


def test_a_text_pane_has_no_number_no_size_and_no_image(anonymous: httpx.Client, notes: str) -> None:
    body = anonymous.get(f"{notes}/pages/1", params={"start": 20, "end": 30}).json()

    assert (body["page"], body["page_label"], body["width"], body["height"]) == (None, None, None, None)
    assert (body["boxes"], body["verified"]) == ([], None)
    assert body["text"].startswith("# Notes du magasin\n")
    response = anonymous.get(f"{notes}/pages/1.jpg")
    assert (response.status_code, error_of(response)["code"]) == (404, "page_not_found")


def test_the_original_is_the_file_as_it_came(anonymous: httpx.Client, guide: str, library: Path) -> None:
    response = anonymous.get(f"{guide}/original")

    assert response.content == (library / "open" / "field-guide.pdf").read_bytes()
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"] == 'inline; filename="field-guide.pdf"'


def test_a_viewer_may_read_the_original_in_parts(anonymous: httpx.Client, guide: str) -> None:
    response = anonymous.get(f"{guide}/original", headers={"Range": "bytes=0-4"})

    assert (response.status_code, response.content) == (206, b"%PDF-")


def test_a_text_original_is_never_a_page_of_this_site(anonymous: httpx.Client, notes: str) -> None:
    response = anonymous.get(f"{notes}/original")

    assert "<b>" in response.text
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
