"""Holds the translations complete: every text of the code has its Russian and Ukrainian, and none is a guess."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

DOMAINS = ("django", "djangojs")
SOURCES = ("apps", "config", "templates", "static")
# %(name)s and %s of Python, {name} of str.format and of the form's scripts.
_PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|\{[a-z_]*\}", re.IGNORECASE)


class Command(BaseCommand):
    help = "Say which texts of the code lack a translation, and exit with 1 if any does. Needs gettext's xgettext."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        if shutil.which("xgettext") is None:
            raise CommandError("xgettext is not installed (Debian: apt install gettext), so texts cannot be collected.")
        languages = [code for code, _ in settings.LANGUAGES if code != "en"]
        faults = list(find_faults(root=Path(settings.BASE_DIR), languages=languages))
        if faults:
            raise CommandError("\n".join([*faults, f"{len(faults)} translations need work."]))
        self.stdout.write(f"Translations are complete: {', '.join(languages)}.")


def find_faults(*, root: Path, languages: list[str]) -> Iterator[str]:
    """A sentence for each text of the code under `root` that is missing, empty, fuzzy or lost a placeholder."""
    for domain, texts in collect_texts(root).items():
        for language in languages:
            path = root / "locale" / language / "LC_MESSAGES" / f"{domain}.po"
            if not texts:
                continue
            if not path.exists():
                yield f"{path.relative_to(root)}: missing, with {len(texts)} texts to translate"
                continue
            known = {_key(entry): entry for entry in polib.pofile(str(path)) if not entry.obsolete}
            plurals = _plural_count(polib.pofile(str(path)).metadata)
            for text in texts:
                if fault := _fault(text, known.get(_key(text)), plurals):
                    yield f"{path.relative_to(root)}: {fault}: {text.msgid!r}"


def collect_texts(root: Path) -> dict[str, list[polib.POEntry]]:
    """What Django's makemessages finds under `root`, by domain; the project's own catalogues are not touched."""
    with tempfile.TemporaryDirectory() as folder:
        for name in SOURCES:
            if (root / name).exists():
                shutil.copytree(root / name, Path(folder) / name, ignore=shutil.ignore_patterns("tests", "__pycache__"))
        (Path(folder) / "locale").mkdir()
        return {domain: _extract(Path(folder), domain) for domain in DOMAINS}


def _extract(folder: Path, domain: str) -> list[polib.POEntry]:
    make = [sys.executable, "-m", "django", "makemessages", "--keep-pot", "--locale", "xx", "--domain", domain]
    environment = {"PATH": os.environ.get("PATH", os.defpath)}  # without our settings: it must look at the copy only
    done = subprocess.run(make, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise CommandError(f"makemessages failed: {done.stderr.strip()}")
    pot = folder / "locale" / f"{domain}.pot"
    return list(polib.pofile(str(pot))) if pot.exists() else []


def _key(entry: polib.POEntry) -> tuple[str | None, str, str]:
    return entry.msgctxt, entry.msgid, entry.msgid_plural


def _plural_count(metadata: dict[str, str]) -> int:
    match = re.search(r"nplurals\s*=\s*(\d+)", metadata.get("Plural-Forms", ""))
    return int(match.group(1)) if match else 1


def _fault(text: polib.POEntry, known: polib.POEntry | None, plurals: int) -> str:
    """What is wrong with `known` as the translation of `text`; empty if nothing is."""
    if known is None:
        return "missing"
    if known.fuzzy:
        return "fuzzy"
    forms = list(known.msgstr_plural.values()) if text.msgid_plural else [known.msgstr]
    if not all(forms) or (text.msgid_plural and len(forms) != plurals):
        return "not translated"
    wanted = set(_PLACEHOLDER.findall(text.msgid_plural or text.msgid))
    if any(set(_PLACEHOLDER.findall(form)) - wanted for form in forms):
        return "a placeholder that the text does not have"
    if not text.msgid_plural and set(_PLACEHOLDER.findall(known.msgstr)) != wanted:
        return "a placeholder is lost"
    return ""
