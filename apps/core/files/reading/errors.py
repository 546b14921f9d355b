"""Why pages could not be seen or read. The file may be sound; the pipeline says what that means. No Django here."""

from typing import ClassVar


class ReadingFailed(Exception):
    """Stable `code`; `reason` is technical English for the log, without the file's content."""

    code: ClassVar[str] = "reading_failed"

    def __init__(self, reason: str = "") -> None:
        super().__init__(f"{self.code}: {reason}")
        self.reason = reason


class DrawingTimedOut(ReadingFailed):
    """The pages took longer to draw than they may."""

    code = "drawing_timed_out"


class DrawingTooLarge(ReadingFailed):
    """The pages need more memory to draw than they may have."""

    code = "drawing_too_large"


class OcrMissing(ReadingFailed):
    """Tesseract, or every language of ours, is not installed here."""

    code = "ocr_missing"


class OcrTimedOut(ReadingFailed):
    """The page took longer to read than it may."""

    code = "ocr_timed_out"


class OcrFailed(ReadingFailed):
    """Tesseract ended without an answer."""

    code = "ocr_failed"
