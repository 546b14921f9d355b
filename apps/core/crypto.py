"""Encryption of personal fields at rest and keyed hashes to find them by."""

import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise ImproperlyConfigured("CLAIMDESK_FIELD_KEYS must hold Fernet keys (32 bytes, url-safe base64).") from None


def _keys() -> MultiFernet:
    return _ring(tuple(settings.FIELD_KEYS))


def encrypt(text: str) -> str:
    """`text` under the first of FIELD_KEYS."""
    return _keys().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """The text of `token` under any of FIELD_KEYS. Raises ValueError if none fits."""
    try:
        return _keys().decrypt(token.encode()).decode()
    except InvalidToken:
        raise ValueError("no key in CLAIMDESK_FIELD_KEYS opens this value") from None


def blind_index(purpose: str, value: str) -> str:
    """A keyed hash (hex, 64 characters) of `value`: equal values are found by it, and a stolen dump tells nothing."""
    return hmac.new(settings.INDEX_KEY.encode(), f"{purpose}|{value}".encode(), hashlib.sha256).hexdigest()


def token_hash(token: str) -> str:
    """SHA-256 (hex) of a random token of 256 bits; so long a secret needs no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
