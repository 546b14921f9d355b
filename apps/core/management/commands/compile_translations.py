"""Compiles translations with polib, so that gettext's msgfmt need not be installed."""

from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


def compile_catalogue(source: Path) -> Path:
    """Write the .mo beside `source` and return its path. Raises OSError with the line if the .po cannot be read."""
    compiled = source.with_suffix(".mo")
    waiting = compiled.with_suffix(".mo.new")
    polib.pofile(str(source)).save_as_mofile(str(waiting))
    waiting.replace(compiled)  # a process that is starting reads the old file or the new one, never half
    return compiled


class Command(BaseCommand):
    help = "Compile every locale/*/LC_MESSAGES/*.po into the .mo that Django reads."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        sources = [path for folder in settings.LOCALE_PATHS for path in sorted(Path(folder).glob("*/LC_MESSAGES/*.po"))]
        for source in sources:
            try:
                compile_catalogue(source)
            except OSError as broken:
                raise CommandError(f"{source} cannot be read as a catalogue: {broken}") from broken
        if options["verbosity"] > 1:
            self.stdout.write(f"{len(sources)} catalogues compiled.")
