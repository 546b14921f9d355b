#!/usr/bin/env python3
"""Claimdesk's commands: `manage.py help` lists them. A broken setting is one sentence, never a traceback."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError as missing:
        sys.exit(f"{sys.executable} has no {missing.name}: run `make install`, then use .venv/bin/python manage.py.")

    try:
        # Touched here because Django would put off a broken setting and then call every command unknown.
        settings.INSTALLED_APPS  # noqa: B018
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as broken:
        sys.exit(f"Claimdesk cannot start: {broken}")


if __name__ == "__main__":
    main()
