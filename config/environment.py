"""Reads the environment. Only variables with the prefix CLAIMDESK_ are read, and an empty one counts as not set."""

import json
import os
import secrets
import warnings
from pathlib import Path
from typing import Any

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

PREFIX = "CLAIMDESK_"


class Environment(environ.Env):
    """django-environ over the prefixed, non-empty variables: `CLAIMDESK_PORT=` means the default."""

    ENVIRON = {k.removeprefix(PREFIX): v for k, v in os.environ.items() if k.startswith(PREFIX) and v.strip()}


env = Environment()


def integer(name: str, default: int, *, least: int, most: int) -> int:
    """The whole number in `name`, within its bounds; limits have no off switch."""
    try:
        value = int(env.str(name, default=str(default)))
    except ValueError:
        raise ImproperlyConfigured(f"{PREFIX}{name} must be a whole number.") from None
    if not least <= value <= most:
        raise ImproperlyConfigured(f"{PREFIX}{name} must be from {least} to {most}, not {value}.")
    return value


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value: str = env.str(name, default=default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{PREFIX}{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def required(*names: str) -> None:
    """Stop the start with one sentence that names what production lacks."""
    missing = [PREFIX + name for name in names if name not in Environment.ENVIRON]
    if missing:
        raise ImproperlyConfigured(f"CLAIMDESK_ENV=production needs {', '.join(missing)}.")


def together(*names: str) -> bool:
    """True if all of `names` are set, False if none is; a half-given group stops the start."""
    given = [name for name in names if name in Environment.ENVIRON]
    if given and len(given) < len(names):
        lacking = ", ".join(PREFIX + name for name in names if name not in given)
        raise ImproperlyConfigured(f"{PREFIX}{given[0]} is set, so {lacking} must be set too.")
    return bool(given)


def database(*, default: str) -> dict[str, Any]:
    """Django's description of the database in DATABASE_URL."""
    with warnings.catch_warnings(action="ignore"):  # of a scheme that is not known; the next lines say it better
        described: dict[str, Any] = env.db_url("DATABASE_URL", default=default)
    if described.get("ENGINE") not in ("django.db.backends.postgresql", "django.db.backends.sqlite3"):
        raise ImproperlyConfigured(f"{PREFIX}DATABASE_URL must be a postgres:// or sqlite:// address.")
    return described


def email(*, default: str) -> dict[str, Any]:
    """Django's description of the way mail goes in EMAIL_URL."""
    try:
        described: dict[str, Any] = env.email_url("EMAIL_URL", default=default)
    except ImproperlyConfigured:
        raise ImproperlyConfigured(f"{PREFIX}EMAIL_URL must be an address like smtp+tls://user:pw@host:587.") from None
    return described


def running_sandbox(folder: Path) -> str:
    """The address of the sandbox that runs with this folder, so that commands beside `make run` find it; or nothing."""
    try:
        return (folder / "sandbox.url").read_text().strip()
    except OSError:
        return ""


def embedded_secrets(folder: Path) -> dict[str, str]:
    """The secrets of an installation that was given none: made once, kept in a file that only its owner reads."""
    path = folder / "secrets.json"
    folder.mkdir(parents=True, exist_ok=True)
    made = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEYS": Fernet.generate_key().decode(),
        "INDEX_KEY": secrets.token_urlsafe(32),
    }
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept: dict[str, Any] = json.loads(path.read_text())
        return {name: str(kept[name]) for name in made}
    with os.fdopen(handle, "w") as file:
        json.dump(made, file)
    return made
