"""A PDF page -> a JPEG, with boxes drawn on request. Runs in the confined child."""

import io

import pypdfium2 as pdfium
from PIL import Image, ImageChops, ImageDraw

MAX_PIXELS = 12_000_000  # of one image; a larger page is shown smaller
QUALITY = 85
HIGHLIGHT = (255, 214, 0)


def render_page(document: pdfium.PdfDocument, number: int, scale: float, boxes: list[list[float]]) -> bytes:
    """Render one page.

    Args:
        document: Open.
        number: 1-based page.
        scale: Pixels to the point; lowered where the page would have more than `MAX_PIXELS`.
        boxes: Rectangles to mark, [x0, y0, x1, y1] in points from the top left.
    """
    page = document[number - 1]
    try:
        width, height = page.get_size()
        scale = min(scale, (MAX_PIXELS / max(1.0, width * height)) ** 0.5)
        image = page.render(scale=scale).to_pil().convert("RGB")
    finally:
        page.close()
    if boxes:
        image = _marked(image, [[value * scale for value in box] for box in boxes])
    out = io.BytesIO()
    image.save(out, format="JPEG", quality=QUALITY)
    return out.getvalue()


def _marked(image: Image.Image, boxes: list[list[float]]) -> Image.Image:
    """Colour the boxes as a marker pen does: white becomes yellow, black stays black."""
    ink = Image.new("RGB", image.size, (255, 255, 255))
    draw = ImageDraw.Draw(ink)
    for x0, y0, x1, y1 in boxes:
        draw.rectangle([x0 - 1, y0 - 1, x1 + 1, y1 + 1], fill=HIGHLIGHT)
    return ImageChops.multiply(image, ink)
