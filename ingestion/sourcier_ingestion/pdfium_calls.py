"""pdfium's functions that are called for each word or object of a page, bound so that a call costs little.

pypdfium2's own bindings give up the interpreter's lock and build a pointer object at each call; the child has
one thread. Handles are integers here, and results go to addresses in one array for a whole page.
"""

import ctypes
from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw_pdfium
from pypdfium2_raw import bindings

_HANDLE = ctypes.c_void_p
_ADDRESS = ctypes.c_void_p
# The same library, already loaded: PyDLL keeps the lock.
_LIBRARY = ctypes.PyDLL(None, handle=bindings._libs["pdfium"]._handle)


def _bound(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    function = _LIBRARY[name]
    function.restype = result
    function.argtypes = arguments
    return function


_get_object = _bound("FPDFPage_GetObject", _HANDLE, _HANDLE, ctypes.c_int)
_get_form_object = _bound("FPDFFormObj_GetObject", _HANDLE, _HANDLE, ctypes.c_ulong)
_get_charbox = _bound("FPDFText_GetCharBox", ctypes.c_int, _HANDLE, ctypes.c_int, *[_ADDRESS] * 4)
_get_text_object = _bound("FPDFText_GetTextObject", _HANDLE, _HANDLE, ctypes.c_int)
_map_error = _bound("FPDFText_HasUnicodeMapError", ctypes.c_int, _HANDLE, ctypes.c_int)
_get_bounds = _bound("FPDFPageObj_GetBounds", ctypes.c_int, _HANDLE, *[_ADDRESS] * 4)
_get_fill = _bound("FPDFPageObj_GetFillColor", ctypes.c_int, _HANDLE, *[_ADDRESS] * 4)
_get_matrix = _bound("FPDFPageObj_GetMatrix", ctypes.c_int, _HANDLE, _ADDRESS)
_get_font_size = _bound("FPDFTextObj_GetFontSize", ctypes.c_int, _HANDLE, _ADDRESS)
_count_form_objects = _bound("FPDFFormObj_CountObjects", ctypes.c_int, _HANDLE)
_path_mode = _bound("FPDFPath_GetDrawMode", ctypes.c_int, _HANDLE, _ADDRESS, _ADDRESS)
_set_active = _bound("FPDFPageObj_SetIsActive", ctypes.c_int, _HANDLE, ctypes.c_int)
_transform = _bound("FPDFPageObj_Transform", None, _HANDLE, *[ctypes.c_double] * 6)
_get_object_text = _bound("FPDFTextObj_GetText", ctypes.c_ulong, _HANDLE, _HANDLE, _ADDRESS, ctypes.c_ulong)

object_type: Callable[[int], int] = _bound("FPDFPageObj_GetType", ctypes.c_int, _HANDLE)
render_mode: Callable[[int], int] = _bound("FPDFTextObj_GetTextRenderMode", ctypes.c_int, _HANDLE)

Rectangle = tuple[float, float, float, float]  # left, bottom, right, top in points
Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def handle_of(raw: Any) -> int:
    """Return the address behind one of pypdfium2's pointers."""
    return int(ctypes.cast(raw, ctypes.c_void_p).value or 0)


def objects_of(page: pdfium.PdfPage) -> list[int]:
    """Return a page's objects in the order in which they are painted; what is in forms is not opened."""
    count = raw_pdfium.FPDFPage_CountObjects(page.raw)
    return list(map(_get_object, repeat(handle_of(page.raw), count), range(count)))


def objects_in(form: int) -> list[int]:
    """Return the objects of a form."""
    count = _count_form_objects(form)
    return list(map(_get_form_object, repeat(form, count), range(count)))


def text_objects_at(textpage: pdfium.PdfTextPage, indices: Sequence[int]) -> list[int]:
    """Return the text objects that print these characters, each once."""
    handle = handle_of(textpage.raw)
    return [item for item in set(map(_get_text_object, repeat(handle, len(indices)), indices)) if item]


def unmapped(textpage: pdfium.PdfTextPage, indices: Sequence[int]) -> int:
    """Count the characters of which the file does not say what they are."""
    handle = handle_of(textpage.raw)
    return sum(value == 1 for value in map(_map_error, repeat(handle, len(indices)), indices))


def character_boxes(textpage: pdfium.PdfTextPage, indices: Sequence[int]) -> list[float]:
    """Return the boxes of characters, four numbers each: left, right, bottom, top."""
    handle = handle_of(textpage.raw)
    return _gathered(_get_charbox, [repeat(handle, len(indices)), indices], len(indices), ctypes.c_double)


def bounds_of(objects: Sequence[int]) -> list[float]:
    """Return objects' bounds, four numbers each: left, bottom, right, top."""
    return _gathered(_get_bounds, [objects], len(objects), ctypes.c_float)


def fills_of(objects: Sequence[int]) -> list[int]:
    """Return objects' fill colours, four numbers each: red, green, blue, alpha, 0 to 255."""
    return _gathered(_get_fill, [objects], len(objects), ctypes.c_uint)


def matrix_of(item: int) -> Matrix:
    """Return how an object's space lies in the one around it."""
    values = (ctypes.c_float * 6)()
    if not _get_matrix(item, ctypes.addressof(values)):
        return IDENTITY
    a, b, c, d, e, f = values
    return a, b, c, d, e, f


def font_sizes_of(texts: Sequence[int]) -> list[float]:
    """Return text objects' font sizes in points of the space that they are in."""
    count = len(texts)
    sizes, matrices = (ctypes.c_float * count)(), (ctypes.c_float * (6 * count))()
    start, first = ctypes.addressof(sizes), ctypes.addressof(matrices)
    deque(map(_get_font_size, texts, range(start, start + 4 * count, 4)), maxlen=0)
    deque(map(_get_matrix, texts, range(first, first + 24 * count, 24)), maxlen=0)
    m = matrices[:]
    return [
        abs(size) * abs(a * d - b * c) ** 0.5
        for size, a, b, c, d in zip(sizes, m[0::6], m[1::6], m[2::6], m[3::6], strict=True)
    ]


def is_filled(path: int) -> bool:
    """Tell whether a path's area is painted, not only its outline."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    return bool(_path_mode(path, ctypes.addressof(fill), ctypes.addressof(stroke)) and fill.value)


def text_of(item: int, textpage: pdfium.PdfTextPage) -> str:
    """Return the characters that a text object prints on a page."""
    handle = handle_of(textpage.raw)
    size = _get_object_text(item, handle, None, 0)  # bytes, the closing zero included
    buffer = ctypes.create_string_buffer(max(2, size))
    _get_object_text(item, handle, ctypes.addressof(buffer), size)
    return buffer.raw[: max(0, size - 2)].decode("utf-16-le", "replace")


def set_active(item: int, *, active: bool) -> None:
    """Treat an object as if the page did not have it, or had it again, until the page is closed."""
    _set_active(item, int(active))


def move(item: int, right: float, up: float) -> None:
    """Move an object on its page, until the page is closed."""
    _transform(item, 1.0, 0.0, 0.0, 1.0, right, up)


def _gathered(function: Callable[..., Any], arguments: list[Any], count: int, kind: Any) -> list[Any]:
    """Call a function that writes four numbers, once for each set of arguments, without a step in Python."""
    size = ctypes.sizeof(kind)
    values = (kind * (4 * count))()
    start = ctypes.addressof(values)
    end = start + 4 * size * count
    places = [range(start + size * k, end + size * k, 4 * size) for k in range(4)]
    deque(map(function, *arguments, *places), maxlen=0)
    gathered: list[Any] = values[:]  # a slice of a C array is made in C
    return gathered
