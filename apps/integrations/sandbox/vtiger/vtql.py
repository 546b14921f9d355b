"""The query language of the sandbox's vTiger: read, and run over records."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from apps.integrations.sandbox.store import Item
from apps.integrations.sandbox.vtiger.modules import MODULES, Field, Module
from apps.integrations.sandbox.vtiger.records import MOST, Records
from apps.integrations.sandbox.vtiger.wire import Refused, broken, denied

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')+')(?P<torn>[\w'])?|(?P<operator><=|>=|!=|=|<|>)|(?P<mark>[;,()*])|(?P<word>\w+)"
    r"|(?P<other>\S))"
)
_MARKS = {";": "SEMICOLON", ",": "COMMA", "(": "PARENOPEN", ")": "PARENCLOSE", "*": "ASTERISK"}
_OPERATORS = {"=", "<", ">", "<=", ">=", "!=", "in", "like"}
_IDS = ("reference", "owner")


class Torn(Exception):
    """A value that is badly escaped: MySQL refuses it, and vTiger answers that there is nothing."""


@dataclass(frozen=True)
class Condition:
    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """`fields` is `("*",)`, `("count",)` or names; `groups` are joined by OR, the conditions of one by AND."""

    fields: tuple[str, ...]
    module: str
    groups: tuple[tuple[Condition, ...], ...] = ()
    order: tuple[str, ...] = ()
    descending: bool = False
    offset: int = 0
    limit: int = MOST


def parse(text: str) -> Query:
    """Raises Refused, or Torn."""
    return _Reader(_tokens(text)).query()


def _tokens(text: str) -> list[tuple[str, str]]:
    found = []
    for match in _TOKEN.finditer(text.rstrip()):
        kind, value = match.lastgroup or "", match.group(match.lastgroup or 0)
        if kind == "torn":
            raise Torn
        if value == '"' or (kind == "other" and text[match.start(kind) :].startswith("''")):
            raise broken()
        if value == "'":
            raise Torn
        found.append((kind, value))
    return found


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def query(self) -> Query:
        self._word("SELECT")
        fields = self._fields()
        self._word("FROM")
        module = self._name("TABLENAME")
        groups = self._groups() if self._takes("WHERE") else ()
        order, descending = self._order() if self._takes("ORDER") else ((), False)
        offset, limit = self._limit() if self._takes("LIMIT") else (0, MOST)
        self._mark(";")
        if self._peek()[0] != "end":
            raise self._unexpected("END")
        return Query(fields, module, groups, order, descending, offset, min(limit, MOST))

    def _fields(self) -> tuple[str, ...]:
        if self._takes("*"):
            return ("*",)
        names = [self._name("COLUMNNAME")]
        if names[0].lower() == "count" and self._takes("("):
            self._mark("*")
            self._mark(")")
            return ("count",)
        while self._takes(","):
            names.append(self._name("COLUMNNAME"))
        return tuple(names)

    def _groups(self) -> tuple[tuple[Condition, ...], ...]:
        groups = [[self._condition()]]
        while True:
            if self._takes("AND"):
                groups[-1].append(self._condition())
            elif self._takes("OR"):
                groups.append([self._condition()])
            else:
                return tuple(map(tuple, groups))

    def _condition(self) -> Condition:
        field = self._name("COLUMNNAME")
        operator = self._peek()[1].lower()
        if operator not in _OPERATORS:
            raise self._unexpected("EQ,LT,GT,LTE,GTE,NE,IN,LIKE")
        self._at += 1
        if operator != "in":
            return Condition(field, operator, (self._value(),))
        self._mark("(")
        values = [self._value()]
        while self._takes(","):
            values.append(self._value())
        self._mark(")")
        return Condition(field, operator, tuple(values))

    def _order(self) -> tuple[tuple[str, ...], bool]:
        self._word("BY")
        names = [self._name("COLUMNNAME")]
        while self._takes(","):
            names.append(self._name("COLUMNNAME"))
        descending = self._takes("DESC")
        self._takes("ASC")
        return tuple(names), descending

    def _limit(self) -> tuple[int, int]:
        first = self._number()
        return (first, self._number()) if self._takes(",") else (0, first)

    def _number(self) -> int:
        word = self._name("VALUE")
        if not word.isdigit():
            self._at -= 1
            raise self._unexpected("VALUE")
        return int(word)

    def _value(self) -> str:
        kind, text = self._peek()
        if kind not in ("string", "word"):
            raise self._unexpected("VALUE")
        self._at += 1
        return _unescaped(text[1:-1]) if kind == "string" else text

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _takes(self, text: str) -> bool:
        kind, value = self._peek()
        taken = kind in ("word", "mark") and value.upper() == text
        self._at += taken
        return taken

    def _word(self, text: str) -> None:
        if not self._takes(text):
            raise self._unexpected(text)

    def _mark(self, mark: str) -> None:
        if not self._takes(mark):
            raise self._unexpected(_MARKS[mark])

    def _name(self, expected: str) -> str:
        kind, value = self._peek()
        if kind != "word":
            raise self._unexpected(expected)
        self._at += 1
        return value

    def _unexpected(self, expected: str) -> Refused:
        kind, value = self._peek()
        got = "End of Input(0)" if kind == "end" else f"{_MARKS.get(value, 'VALUE')}({value})"
        shown = value or (self._tokens[-1][1] if self._tokens else "")
        message = f"Syntax Error on line 1: token '{shown}' Unexpected {got}, expected one of: {expected}"
        return Refused("QUERY_SYNTAX_ERROR", message)


def _unescaped(raw: str) -> str:
    """The text that MySQL makes of `raw`; `\\%` and `\\_` keep their backslash for LIKE. Raises Torn."""
    if not re.fullmatch(r"(?:[^'\\]|''|\\.)*", raw, re.DOTALL):
        raise Torn
    named = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "%": "\\%", "_": "\\_"}
    return re.sub(r"''|\\(.)", lambda m: named.get(m[1], m[1]) if m[1] else "'", raw, flags=re.DOTALL)


def run(query: Query, records: Records, *, among: Sequence[Item] | None = None) -> list[dict[str, str]]:
    """The rows of the answer, from `among` if given. Raises Refused."""
    module = MODULES.get(query.module)
    if module is None:
        raise denied(f" for name : {query.module}")
    for name in query.fields:
        if name not in ("*", "count", "id", *module.fields):
            raise Refused("ACCESS_DENIED", f"Permission to access '.{name}.' attribute denied.")
    fits = _fitting(query, module)
    found = [item for item in (records.all(module) if among is None else among) if fits(item)]
    if query.fields == ("count",):
        return [{"count": str(len(found))}]
    for name in reversed(query.order):
        kind = _field(module, name)
        found.sort(key=lambda item, name=name, kind=kind: _sortable(item, name, kind), reverse=query.descending)  # type: ignore[misc]
    names = () if query.fields == ("*",) else query.fields
    return [records.read(item, names) for item in found[query.offset :][: query.limit]]


def _fitting(query: Query, module: Module) -> Callable[[Item], bool]:
    groups = [[_test(condition, _field(module, condition.field)) for condition in group] for group in query.groups]
    return lambda item: not groups or any(all(test(item) for test in group) for group in groups)


def _field(module: Module, name: str) -> Field | None:
    """None for the id itself. Raises Refused."""
    if name == "id":
        return None
    if name not in module.fields:
        raise Refused("ACCESS_DENIED", f"Permission to access {name} attribute denied.")
    return module.fields[name]


def _test(condition: Condition, field: Field | None) -> Callable[[Item], bool]:
    name, operator = condition.field, condition.operator
    is_id = field is None or field.type in _IDS
    if is_id and not all("x" in value for value in condition.values):
        raise Refused("INVALID_ID_ATTRIBUTE", "Id specified is incorrect")
    if operator == "like" and not is_id:
        shape = _like(condition.values[0])
        return lambda item: shape.fullmatch(str(item.data.get(name, ""))) is not None
    wanted = [_comparable(value, field) for value in condition.values]
    compare = _COMPARE[operator]
    return lambda item: compare(_sortable(item, name, field), wanted)


# Both sides of a comparison come of the same field, so both are numbers or both are text.
_COMPARE: dict[str, Callable[[str | float, list[str | float]], bool]] = {
    "=": lambda held, wanted: held == wanted[0],
    "!=": lambda held, wanted: held != wanted[0],
    "in": lambda held, wanted: held in wanted,
    "like": lambda held, wanted: held == wanted[0],
    "<": lambda held, wanted: held < wanted[0],  # type: ignore[operator]
    ">": lambda held, wanted: held > wanted[0],  # type: ignore[operator]
    "<=": lambda held, wanted: held <= wanted[0],  # type: ignore[operator]
    ">=": lambda held, wanted: held >= wanted[0],  # type: ignore[operator]
}


def _sortable(item: Item, name: str, field: Field | None) -> str | float:
    held = f"x{item.id}" if field is None else str(item.data.get(name, field.empty))
    return _comparable(held, field)


def _comparable(text: str, field: Field | None) -> str | float:
    """As MySQL compares: ids by their number, numbers as such, text without case and without blanks at its end."""
    if field is None or field.type in _IDS:
        text = text.rpartition("x")[2]
    elif field.type not in ("double", "integer"):
        return text.rstrip(" ").casefold()
    try:
        return float(text)
    except ValueError:
        return 0.0


def _like(pattern: str) -> re.Pattern[str]:
    """Each piece between two `%` is taken where it first fits, so that long patterns cost no more than short ones."""
    pieces = [""]
    for kept, letter in re.findall(r"\\(.)|(.)", pattern, re.DOTALL):
        if letter == "%":
            pieces.append("")
        else:
            pieces[-1] += "." if letter == "_" else re.escape(kept or letter)
    first, *inner, last = pieces if len(pieces) > 1 else (pieces[0], "")
    middle = "".join(f"(?>.*?{piece})" for piece in inner)
    end = f".*{last}" if len(pieces) > 1 else ""
    return re.compile(f"{first}{middle}{end}", re.IGNORECASE | re.DOTALL)
