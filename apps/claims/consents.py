"""The texts that an applicant agrees to, as the lawyer released them: a new text is a new version."""

import json
from pathlib import Path
from typing import Any

_released = json.loads((Path(__file__).parent / "catalogue" / "consents.json").read_text(encoding="utf-8"))
CONSENTS: list[dict[str, Any]] = [{**one, "version": _released["version"]} for one in _released["consents"]]
