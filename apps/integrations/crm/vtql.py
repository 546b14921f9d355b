"""VTQL, the CRM's query language: what it cannot say is kept out, and what it would misread is escaped.

A value that reaches MySQL badly escaped comes back as an empty list, so as "not found" and a second record: every value
goes through `quote`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote_plus

PAGE = 100  # rows; the CRM gives no more, whatever is asked
CHUNK = 50  # conditions in one query
MAX_QUERY = 3500  # bytes as they stand in the address, which servers cut at some 4 KB
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
# Its tables hold three bytes a character: with one of four, MySQL fails the comparison and the CRM says "none".
_UNSAYABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\U00010000-\U0010ffff]")


class Unaskable(ValueError):
    """The value can stand in no query: it is empty, or holds what the CRM's tables cannot."""


def is_name(text: str) -> bool:
    """Whether `text` can be the name of a field or module."""
    return bool(_NAME.fullmatch(text))


def quote(text: str) -> str:
    """`text` as a string of VTQL. Raises Unaskable."""
    if not text or _UNSAYABLE.search(text):
        raise Unaskable
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def condition(field: str, operator: str, value: str) -> str:
    """`field operator 'value'`; the operator is = or like. Raises Unaskable."""
    if not is_name(field) or operator not in ("=", "like"):
        raise Unaskable
    return f"{field} {operator} {quote(value)}"


def select(module: str, fields: Iterable[str], where: str, *, offset: int) -> str:
    """One page of a query, the oldest first."""
    columns = ",".join(dict.fromkeys(["id", *fields]))
    return f"SELECT {columns} FROM {module} WHERE {where} ORDER BY id LIMIT {offset},{PAGE};"  # noqa: S608  values are quoted


def any_of(conditions: Sequence[str]) -> Iterator[str]:
    """`… OR …` of all conditions, in as many pieces as the address's length asks for."""
    piece: list[str] = []
    length = 0
    for one in conditions:
        size = len(quote_plus(f"{one} OR "))
        if piece and (length + size > MAX_QUERY or len(piece) == CHUNK):
            yield " OR ".join(piece)
            piece, length = [], 0
        piece.append(one)
        length += size
    if piece:
        yield " OR ".join(piece)
