"""What a file is by its first bytes, and what else hides in it. No Django here, and no parsing of the file itself.

What may follow a picture. Phones and scanners write more than the picture into one file: zero padding, second JPEGs
(MPF, gain maps), MP4 films (motion photos), SEFT/`vivo{…}` trailers, the tail of an older screenshot. None of that
harms anyone, and a rule "nothing after the last byte of the picture" would refuse the photos of most phones. So the
whole file is searched, wherever it stands, for the start of something that a person or a program could run or unpack:
archives, programs, HTML and scripts, Office containers, a PDF within a picture. Each signature is long enough, or
checked against the structure that must follow it, to turn up in 50 MB of random bytes less than once in ten thousand.
"""

import re
import struct
from mmap import mmap
from typing import Literal

from apps.core.files import refusals
from apps.core.files.refusals import Refused

Kind = Literal["pdf", "jpeg", "png", "heic"]
MIME: dict[Kind, str] = {"pdf": "application/pdf", "jpeg": "image/jpeg", "png": "image/png", "heic": "image/heic"}

HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
HEIF_BRANDS = frozenset({b"mif1", b"mif2", b"msf1"})
PDF_HEADER_WITHIN = 1024  # bytes; Acrobat looks no further either
PDF_LEAD = re.compile(rb"(?:\xef\xbb\xbf)?[\x00\t\n\x0c\r ]*\Z")

MARKUP = re.compile(rb"<(?:(?i:script[\s>/]|html[\s>]|!doctype\s+html|iframe[\s>]|svg\s[^<>]{0,500}xmlns)|\?php\s)")
CONTAINERS = {
    "rar": re.compile(rb"Rar!\x1a\x07[\x00\x01]"),
    "7z": re.compile(rb"7z\xbc\xaf\x27\x1c"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
    "cab": re.compile(rb"MSCF\x00{4}"),
    "ole": re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    "rtf": re.compile(rb"\{\\rtf1"),
    "elf": re.compile(rb"\x7fELF[\x01\x02][\x01\x02]\x01[\x00-\x12][\x00-\x0f]\x00{6}"),
    "mach-o": re.compile(rb"\xcf\xfa\xed\xfe[\x07\x0c]\x00\x00\x01"),
    "zip": re.compile(rb"PK\x03\x04[\x00-\x3f]\x00[\x00-\xff]{2}[\x00\x08\x09\x0c\x0e\x5d\x5f\x63]\x00"),
}
PDF_INSIDE = re.compile(rb"%PDF-[12]\.[0-9]")
ZIP_END = b"PK\x05\x06"
ZIP_END_WITHIN = 65535 + 22  # bytes from the end: the longest comment and the record itself
DOS_HEADER = re.compile(rb"MZ(?=[\x00-\xff]{58}([\x00-\xff]{2}\x00\x00))")


def kind_of(data: mmap) -> Kind:
    """What the file says it is by its first bytes. Raises Refused(file_type_refused, file_polyglot)."""
    head = data[:PDF_HEADER_WITHIN]
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[4:8] == b"ftyp" and _is_heic(head):
        return "heic"
    pdf_at = head.find(b"%PDF-")
    if pdf_at >= 0:
        if not PDF_LEAD.match(head[:pdf_at]):
            raise Refused(refusals.POLYGLOT, f"{_name_of(head)} before %PDF")
        return "pdf"
    raise Refused(refusals.TYPE_REFUSED, _name_of(head))


def refuse_hidden(data: mmap, kind: Kind) -> None:
    """Raise Refused(file_polyglot) if a second file that can be run or unpacked hides in this one."""
    for name, pattern in CONTAINERS.items():
        if pattern.search(data):
            raise Refused(refusals.POLYGLOT, f"{name} inside {kind}")
    if _ends_as_zip(data):
        raise Refused(refusals.POLYGLOT, f"zip directory at the end of {kind}")
    if _has_program(data):
        raise Refused(refusals.POLYGLOT, f"program inside {kind}")
    if kind == "pdf":
        # Markup in the body of a PDF is only text: a browser that sniffs looks at the head.
        refuse_markup(data[:PDF_HEADER_WITHIN], "head of pdf")
        return
    if PDF_INSIDE.search(data):
        raise Refused(refusals.POLYGLOT, f"pdf inside {kind}")
    refuse_markup(data, kind)


def refuse_markup(data: mmap | bytes, where: str) -> None:
    """Raise Refused(file_polyglot) if there is HTML, SVG, PHP or a script in `data`."""
    if found := MARKUP.search(data):
        raise Refused(refusals.POLYGLOT, f"{found.group()[:20]!r} in {where}")


def _is_heic(head: bytes) -> bool:
    end = min(struct.unpack(">I", head[:4])[0], len(head))
    major, others = head[8:12], {head[at : at + 4] for at in range(16, end - 3, 4)}
    return major in HEIC_BRANDS or (major in HEIF_BRANDS and bool(others & HEIC_BRANDS))


def _name_of(head: bytes) -> str:
    """A word for the log about what a refused file seems to be."""
    import filetype

    if head.startswith(b"MZ"):
        return "program"
    if MARKUP.search(head):
        return "markup"
    guessed = filetype.guess_mime(head)
    return str(guessed) if guessed else "unknown content"


def _ends_as_zip(data: mmap) -> bool:
    """Would an unzip program find a directory at the end of this file?"""
    size = len(data)
    at = data.rfind(ZIP_END, max(0, size - ZIP_END_WITHIN))
    while at >= 0:
        if at + 22 <= size:
            entries, directory_size, comment = struct.unpack("<H I 4x H", data[at + 10 : at + 22])
            starts = at - directory_size
            if at + 22 + comment <= size and entries and starts >= 0 and data[starts : starts + 4] == b"PK\x01\x02":
                return True
        at = data.rfind(ZIP_END, max(0, size - ZIP_END_WITHIN), at)
    return False


def _has_program(data: mmap) -> bool:
    """Is there a Windows program: a DOS header whose pointer leads to a PE header?"""
    for found in DOS_HEADER.finditer(data):
        at = found.start() + int.from_bytes(found.group(1), "little")
        if data[at : at + 4] == b"PE\x00\x00":
            return True
    return False
