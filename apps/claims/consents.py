"""The texts that an applicant agrees to, as the lawyer released them: a new text is a new version."""

from typing import Any

from apps.claims.catalogue import load_consents

_released = load_consents()
CONSENTS: list[dict[str, Any]] = [{**one, "version": _released["version"]} for one in _released["consents"]]
