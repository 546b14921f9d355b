"""How much content a PDF's pages draw when forms draw forms. Runs in the child; no Django here.

A form is read again each time it is drawn, so nine forms that each draw the next ten times are a thousand million.
Only what `Do` draws is counted; what patterns and masks repeat is left to the limits of the child that draws.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from apps.core.files import refusals
from apps.core.files.refusals import Refused

if TYPE_CHECKING:
    from pypdf.generic import DictionaryObject, StreamObject

MAX_DRAWN = 64 * 1024 * 1024  # bytes of content of one page, each form counted as often as it is drawn
CALL_BYTES = 256  # of content take as long to draw as the call of an empty form
MAX_CALLS = MAX_DRAWN // CALL_BYTES  # in one stream
MAX_DEPTH = 40  # forms within forms
MAX_PARENTS = 50  # of a page, from which it may inherit
LONGEST_NAME = 128  # bytes
CALL = re.compile(rb"Do(?![^\x00\s/<>()\[\]{}%])")
BEFORE_CALL = re.compile(rb"(?:(/[^\x00\s/<>()\[\]{}%]*)[\x00\s]+|[\x00\s<>()\[\]{}%])\Z")


class Drawing:
    """What each form of one file comes to, looked at once."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, int], tuple[int | None, Any]] = {}  # None while it is summed; the object, held
        self._calls: dict[int, tuple[int, Counter[str], Any]] = {}

    def check_page(self, page: "DictionaryObject") -> None:
        """Raise Refused(file_bomb, file_broken) if the page draws too much."""
        contents = _got(page.get("/Contents"))
        streams = list(contents) if isinstance(contents, list) else [contents]
        self._check([_got(one) for one in streams], _inherited(page, "/Resources"))

    def check_stream(self, stream: "StreamObject") -> None:
        """The same of what is drawn by other ways: the look of an annotation, a pattern."""
        self._check([stream], _got(stream.get("/Resources")))

    def _check(self, streams: Sequence[Any], resources: Any) -> None:
        if _forms(resources) and sum(self._content(one, resources, resources, 0) for one in streams) > MAX_DRAWN:
            raise Refused(refusals.BOMB, "forms draw forms without end")

    def _content(self, stream: Any, resources: Any, page_resources: Any, depth: int) -> int:
        size, calls = self._called(stream)
        forms = {**_forms(page_resources), **_forms(resources)}
        for name, times in calls.items():
            if name in forms:
                size += times * self._form(forms[name], resources, page_resources, depth + 1)
            elif not name:
                size += times * self._most(list(forms.values()), resources, page_resources, depth + 1)
            if size > MAX_DRAWN:
                raise Refused(refusals.BOMB, "forms draw forms without end")
        return size

    def _most(self, forms: Sequence[Any], above: Any, page_resources: Any, depth: int) -> int:
        done = (one for one in forms if self._sums.get((id(one), id(_own(one, above))), (0, None))[0] is not None)
        return max((self._form(one, above, page_resources, depth) for one in done), default=0)

    def _form(self, form: Any, above: Any, page_resources: Any, depth: int) -> int:
        resources = _own(form, above)
        key = (id(form), id(resources))
        if key not in self._sums:
            if depth > MAX_DEPTH:
                raise Refused(refusals.BOMB, f"forms within forms, more than {MAX_DEPTH} deep")
            self._sums[key] = None, (form, resources)
            drawn = CALL_BYTES + self._content(form, resources, page_resources, depth)
            self._sums[key] = drawn, (form, resources)
        known = self._sums[key][0]
        if known is None:
            raise Refused(refusals.BROKEN, "a form draws itself")
        return known

    def _called(self, stream: Any) -> tuple[int, Counter[str]]:
        from pypdf.filters import decode_stream_data
        from pypdf.generic import StreamObject

        if not isinstance(stream, StreamObject):
            return 0, Counter()
        if id(stream) not in self._calls:
            data = bytes(decode_stream_data(stream) if "/Filter" in stream else stream._data)
            self._calls[id(stream)] = len(data), _calls(data), stream
        return self._calls[id(stream)][:2]


def _calls(data: bytes) -> Counter[str]:
    """How often each name is drawn; "" is for a call whose name stands where we do not look. Raises Refused."""
    from pypdf.generic import NameObject

    found = Counter[str]()
    for call in CALL.finditer(data):
        before = BEFORE_CALL.search(data[max(call.start() - LONGEST_NAME, 0) : call.start()])
        if found.total() > MAX_CALLS:
            raise Refused(refusals.BOMB, f"more than {MAX_CALLS} calls of forms")
        if before or not call.start():
            found[NameObject.unnumber(before[1]).decode("latin-1") if before and before[1] else ""] += 1
    return found


def _forms(resources: Any) -> dict[str, Any]:
    if not isinstance(resources, dict):
        return {}
    named = _got(dict.get(resources, "/XObject"))
    found = {str(name): _got(one) for name, one in dict.items(named)} if isinstance(named, dict) else {}
    return {name: one for name, one in found.items() if isinstance(one, dict) and _got(one.get("/Subtype")) == "/Form"}


def _own(form: Any, above: Any) -> Any:
    own = _got(form.get("/Resources"))
    return own if isinstance(own, Mapping) else above


def _inherited(page: Any, key: str) -> Any:
    for _ in range(MAX_PARENTS):
        if not isinstance(page, dict):
            break
        if (found := _got(dict.get(page, key))) is not None:
            return found
        page = _got(dict.get(page, "/Parent"))
    return None


def _got(item: Any) -> Any:
    from pypdf.generic import IndirectObject

    return item.get_object() if isinstance(item, IndirectObject) else item
