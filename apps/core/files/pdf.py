"""Reads a PDF as far as its objects: pages, encryption, active content. Runs in the child; no Django here.

Content is never rendered. What is bounded: objects walked, pages, what a compressed stream unfolds to, what forms come
to that draw forms, the pixels an image declares. Objects below /StructTreeRoot (the tags of accessible documents, by
the ten thousand) are left out: a viewer takes no action from there.
"""

import errno
import logging
import re
import zlib
from collections.abc import Iterable
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.core.files import refusals
from apps.core.files.pdf_forms import Drawing
from apps.core.files.refusals import Refused
from apps.core.files.signatures import refuse_markup

if TYPE_CHECKING:
    from pypdf import PdfReader
    from pypdf.generic import DictionaryObject, StreamObject

MAX_OBJECTS = 150_000  # dictionaries, arrays and references; about 5 s and 400 MB at most
MAX_STREAM = 64 * 1024 * 1024  # bytes that one stream that is not an image may unfold to
MAX_STREAMS = 512 * 1024 * 1024  # bytes, all of them together
MAX_IMAGE_PIXELS = 200_000_000  # an A3 sheet at 1200 dpi has about this many
MAX_TRAILING = 1024  # bytes after %%EOF that are not padding; some programs sign or count there
PADDING = b"\x00\t\n\x0c\r \x1a"

ACTIONS = frozenset(
    {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToE", "/GoToR", "/Rendition", "/RichMediaExecute"}
)
ACTIVE_KEYS = frozenset({"/JS", "/EF", "/XFA"})
ACTIVE_TYPES = frozenset({"/EmbeddedFile"})
ACTIVE_SUBTYPES = frozenset({"/FileAttachment", "/RichMedia"})
NOT_WALKED = frozenset({"/StructTreeRoot"})
UNFOLDING = frozenset({"/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL", "/BrotliDecode"})
# A second net below the walk: a viewer that repairs a broken table of objects may find what pypdf takes for missing.
ACTIVE_NAMES = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFile|RichMedia)(?![A-Za-z0-9])")
PDF_OBJECT = re.compile(rb"[0-9]\s+[0-9]+\s+obj\b|endobj|endstream")


def read_pdf(path: Path, data: mmap, *, max_pages: int) -> int:
    """How many pages the PDF has. Raises Refused(file_broken, file_encrypted, file_active_content, file_bomb,
    file_too_many_pages or file_polyglot)."""
    from pypdf.errors import LimitReachedError, PyPdfError

    logging.disable(logging.CRITICAL)
    check_end(data)
    if named := ACTIVE_NAMES.search(data):
        raise Refused(refusals.ACTIVE_CONTENT, named.group().decode())
    try:
        with path.open("rb") as stream:
            return _read(stream, max_pages)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise Refused(refusals.BROKEN, "points outside itself") from error
    except LimitReachedError as error:
        raise Refused(refusals.BOMB, str(error)) from error
    except (PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, RecursionError,
            OverflowError, EOFError, NotImplementedError, zlib.error) as error:  # fmt: skip
        # Each of these was seen from pypdf on a damaged file; the child's memory errors go on to its caller.
        raise Refused(refusals.BROKEN, type(error).__name__) from error


def check_end(data: mmap) -> None:
    """Raise Refused unless the file ends as a PDF does: %%EOF, then padding or a few harmless bytes."""
    end = data.rfind(b"%%EOF")
    if end < 0:
        raise Refused(refusals.BROKEN, "no %%EOF")
    rest = data[end + 5 :].strip(PADDING)
    refuse_markup(rest, "after the end of pdf")
    if PDF_OBJECT.search(rest):
        raise Refused(refusals.BROKEN, "cut off after an earlier %%EOF")
    if len(rest) > MAX_TRAILING:
        raise Refused(refusals.POLYGLOT, f"{len(rest)} bytes after %%EOF")


def _read(stream: Any, max_pages: int) -> int:
    from pypdf import PasswordType, PdfReader

    reader = PdfReader(stream)
    # Banks and airlines lock copying, not reading: such a file opens for anyone, with the empty password.
    if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
        raise Refused(refusals.ENCRYPTED, "needs a password")
    drawing = Drawing()
    pages = _count_pages(reader, max_pages, drawing)
    _walk(reader, drawing)
    return pages


def _count_pages(reader: "PdfReader", max_pages: int, drawing: Drawing) -> int:
    from pypdf.generic import DictionaryObject, IndirectObject

    count, seen, stack = 0, set[tuple[int, int]](), [dict.get(reader.root_object, "/Pages")]
    while stack:
        node = stack.pop()
        if isinstance(node, IndirectObject):
            name = (node.idnum, node.generation)
            node = node.get_object()
            if isinstance(node, DictionaryObject) and "/Kids" in node:
                if name in seen:
                    raise Refused(refusals.BROKEN, "the page tree is no tree")
                seen.add(name)
        if not isinstance(node, DictionaryObject):
            raise Refused(refusals.BROKEN, "a page is missing")
        if "/Kids" in node:
            kids = node["/Kids"]
            if not isinstance(kids, list):
                raise Refused(refusals.BROKEN, "the page tree has no list of kids")
            if len(stack) + len(kids) > MAX_OBJECTS:
                raise Refused(refusals.BOMB, "a page tree without end")
            stack.extend(list.__iter__(kids))
        else:
            _check_page(node)
            count += 1
            if count > max_pages:
                raise Refused(refusals.TOO_MANY_PAGES, f"more than {max_pages} pages")
            drawing.check_page(node)
    if not count:
        raise Refused(refusals.BROKEN, "no pages")
    return count


def _check_page(page: "DictionaryObject") -> None:
    from pypdf.generic import is_null_or_none

    if page.get("/Type") not in (None, "/Page"):
        raise Refused(refusals.BROKEN, "a page is something else")
    if "/Contents" in page and is_null_or_none(page["/Contents"]):
        raise Refused(refusals.BROKEN, "a page's content is missing")


def _walk(reader: "PdfReader", drawing: Drawing) -> None:
    """Look at everything that a viewer can reach."""
    from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

    seen, walked, unfolded = set[tuple[int, int]](), 0, 0
    stack: list[Any] = [reader.trailer]
    while stack:
        item = stack.pop()
        if isinstance(item, IndirectObject):
            name = (item.idnum, item.generation)
            if name in seen:
                continue
            seen.add(name)
            item = reader.get_object(item)
        if isinstance(item, StreamObject):
            unfolded += _unfolds_to(item)
            if unfolded > MAX_STREAMS:
                raise Refused(refusals.BOMB, "streams unfold without end")
            drawing.check_stream(item)
        if isinstance(item, DictionaryObject):
            _refuse_active(item)
            children: Iterable[Any] = [value for key, value in dict.items(item) if key not in NOT_WALKED]
        elif isinstance(item, ArrayObject):
            children = list.__iter__(item)
        else:
            continue
        walked += 1
        stack.extend(child for child in children if isinstance(child, (IndirectObject, DictionaryObject, ArrayObject)))
        if walked + len(stack) > MAX_OBJECTS:
            raise Refused(refusals.BOMB, f"more than {MAX_OBJECTS} objects")


def _refuse_active(item: "DictionaryObject") -> None:
    found = (
        {key for key in ACTIVE_KEYS & item.keys() if item[key] is not None}
        | ({_plain(item, "/S")} & ACTIONS)
        | ({_plain(item, "/Type")} & ACTIVE_TYPES)
        | ({_plain(item, "/Subtype")} & ACTIVE_SUBTYPES)
    )
    if found:
        raise Refused(refusals.ACTIVE_CONTENT, ", ".join(sorted(found)))


def _plain(item: "DictionaryObject", key: str) -> str:
    value = item.get(key)
    return str(value) if isinstance(value, str) else ""


def _unfolds_to(stream: "StreamObject") -> int:
    """How many bytes the stream unfolds to, looked at in pieces. Raises Refused(file_bomb) past the bounds."""
    filters = stream.get("/Filter")
    names = [str(name) for name in filters] if isinstance(filters, list) else [str(filters)]
    if sum(name in UNFOLDING for name in names) > 2:
        raise Refused(refusals.BOMB, "a stream packed many times over")
    if stream.get("/Subtype") == "/Image":
        width, height = stream.get("/Width", 0), stream.get("/Height", 0)
        if isinstance(width, int) and isinstance(height, int) and width * height > MAX_IMAGE_PIXELS:
            raise Refused(refusals.BOMB, f"an image of {width} x {height} pixels")
        return 0
    packed = getattr(stream, "_data", b"")
    if names[0] not in ("/FlateDecode", "/Fl"):
        return len(packed)
    unfolded, unpacker = 0, zlib.decompressobj()
    try:
        while packed and unfolded <= MAX_STREAM:
            unfolded += len(unpacker.decompress(packed, 1024 * 1024))
            packed = unpacker.unconsumed_tail
    except zlib.error:
        return unfolded  # a viewer shows what it could unpack; so much is counted
    if unfolded > MAX_STREAM:
        raise Refused(refusals.BOMB, "a stream unfolds without end")
    return unfolded
