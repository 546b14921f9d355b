"""File names as people send them: cleaned for keeping, and written into a download's header. Plain Python."""

import re
import unicodedata
from urllib.parse import quote

MAX_BYTES = 200  # UTF-8
MAX_EXTENSION = 16  # bytes, with its dot
NAMELESS = "file"
# Unseen, yet of no category that says so: fillers, joiners and Braille's blank.
UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {chr(code) for code in range(0xE0100, 0xE01F0)}
UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
NOT_IN_WINDOWS = re.compile(r'[<>:"|?*]')
RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])(?=[. ]|\Z)", re.IGNORECASE)
NOT_IN_TOKEN = re.compile(r"[^A-Za-z0-9 ._()+,@=-]")


def clean_name(raw: str) -> str:
    """The name without folders, control, bidi and unseen characters; NFC, at most 200 bytes with its extension kept.

    Never empty, never reserved by Windows, never hidden by a leading dot. Cleaning a clean name changes nothing.
    """
    parts = [_seen(part) for part in re.split(r"[/\\]", raw)]
    name = next((part for part in reversed(parts) if part), NAMELESS)
    return _short(_unreserved(name)) or NAMELESS


def content_disposition(name: str) -> str:
    """The header that saves a download under `name` (RFC 6266): an ASCII form for old programs and the true one."""
    name = clean_name(name)
    plain = NOT_IN_TOKEN.sub("_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _seen(part: str) -> str:
    """`part` with its unseen characters gone and its blanks single, without dots and blanks at its ends."""
    kept = (
        " " if unicodedata.category(sign) == "Zs" or sign in "\t\n\r" else sign
        for sign in unicodedata.normalize("NFC", part)
        if sign in "\t\n\r" or (unicodedata.category(sign) not in UNSEEN_CATEGORIES and sign not in UNSEEN)
    )
    # A sign that was taken out may have kept two others from composing.
    whole = NOT_IN_WINDOWS.sub("_", unicodedata.normalize("NFC", "".join(kept)))
    return re.sub(r" +", " ", whole).strip(" .")


def _unreserved(name: str) -> str:
    return f"_{name}" if RESERVED.match(name) else name


def _short(name: str) -> str:
    if len(name.encode()) <= MAX_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len((dot + extension).encode()) > MAX_EXTENSION:
        stem, dot, extension = name, "", ""
    room = MAX_BYTES - len((dot + extension).encode())
    cut = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    return cut + dot + extension
