"""What an uploaded file may be refused for. Stable codes; the sentences are in `errors.py`. No Django here."""

EMPTY = "file_empty"
TYPE_REFUSED = "file_type_refused"
POLYGLOT = "file_polyglot"
BROKEN = "file_broken"
BOMB = "file_bomb"
ENCRYPTED = "file_encrypted"
ACTIVE_CONTENT = "file_active_content"
TOO_MANY_PAGES = "file_too_many_pages"

CODES = frozenset({EMPTY, TYPE_REFUSED, POLYGLOT, BROKEN, BOMB, ENCRYPTED, ACTIVE_CONTENT, TOO_MANY_PAGES})


class Refused(Exception):
    """The file cannot be taken. `code` is one of CODES; `reason` is technical English without the file's content."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
