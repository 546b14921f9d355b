"""What the CRM says of its modules. It changes when its administrator changes fields, so it is asked now and then."""

import time
from typing import Any

from django.utils.translation import gettext as _

from apps.integrations.crm.fields import Described, described
from apps.integrations.crm.wire import Account, Wire
from apps.integrations.errors import Unavailable

KEPT = 3600.0  # s
_described: dict[tuple[Account, str], tuple[float, Described]] = {}
_labels: dict[tuple[Account, str, str], tuple[float, str]] = {}


class Modules:
    """What is known is kept for all threads, apart for each CRM and user of it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def described(self, name: str, *, fresh: bool = False) -> Described:
        """Raises Unavailable or Rejected."""
        place = (self._wire.account, name)
        asked, known = _described.get(place, (0.0, None))
        if known and not fresh and time.monotonic() - asked < KEPT:
            return known
        found = described(self._wire.read("describe", elementType=name))
        if found is None:
            raise Unavailable(_("The system's answer could not be understood."), "answer_garbled")
        _described[place] = (time.monotonic(), found)
        return found

    def label(self, source: str, target: str) -> str:
        """The label of `target`'s list on the page of `source`; empty where there is none. Raises as above."""
        place = (self._wire.account, source, target)
        asked, known = _labels.get(place, (0.0, ""))
        if not known or time.monotonic() - asked >= KEPT:
            known = _label(self._wire.read("relatedtypes", elementType=source), target)
            _labels[place] = (time.monotonic(), known)
        return known


def _label(found: Any, target: str) -> str:
    information = found.get("information") if isinstance(found, dict) else None
    lists = information.values() if isinstance(information, dict) else ()
    return next(
        (str(one.get("label") or "") for one in lists if isinstance(one, dict) and one.get("name") == target), ""
    )
