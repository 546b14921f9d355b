"""Sees what is on a file's pages: draws them, measures how they look, reads their words. Knows no word of the business.

Names are loaded when asked for: the child that draws and the rules that read `pages` live in here without Django.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apps.core.files.reading.drawing import Drawn, draw_pages
    from apps.core.files.reading.errors import (
        DrawingTimedOut,
        DrawingTooLarge,
        OcrFailed,
        OcrMissing,
        OcrTimedOut,
        ReadingFailed,
    )
    from apps.core.files.reading.ocr import Read, ocr_languages, read_text, turn_picture
    from apps.core.files.reading.pages import Box, Look, Page, Word

__all__ = [
    "Box",
    "DrawingTimedOut",
    "DrawingTooLarge",
    "Drawn",
    "Look",
    "OcrFailed",
    "OcrMissing",
    "OcrTimedOut",
    "Page",
    "Read",
    "ReadingFailed",
    "Word",
    "draw_pages",
    "ocr_languages",
    "read_text",
    "turn_picture",
]
PLACES = {
    "drawing": ("Drawn", "draw_pages"),
    "errors": ("DrawingTimedOut", "DrawingTooLarge", "OcrFailed", "OcrMissing", "OcrTimedOut", "ReadingFailed"),
    "ocr": ("Read", "ocr_languages", "read_text", "turn_picture"),
    "pages": ("Box", "Look", "Page", "Word"),
}


def __getattr__(name: str) -> Any:
    for place, names in PLACES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{place}"), name)
    raise AttributeError(name)
