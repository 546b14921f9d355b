import secrets
from datetime import datetime, timedelta

from django.db.models import Q

from apps.accounts.models import ApiToken, User
from apps.core import audit
from apps.core.crypto import token_hash

PREFIX = "cdk_"
USED_EVERY = timedelta(minutes=1)  # how exactly `last_used_at` is kept


def api_token_create(
    *, user: User, name: str, expires_at: datetime | None, actor: User | None, now: datetime
) -> tuple[ApiToken, str]:
    """A new token that acts as `user`, and its secret, which is shown once and kept nowhere."""
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user, name=name, hint=secret[:9], token_hash=token_hash(secret), expires_at=expires_at
    )
    audit.record(action="api_token.create", target=token, actor=actor, now=now)
    return token, secret


def api_token_revoke(*, token: ApiToken, actor: User | None, now: datetime) -> None:
    """End the token at once; revoking twice keeps the first time."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        audit.record(action="api_token.revoke", target=token, actor=actor, now=now)


def api_token_use(*, secret: str, now: datetime) -> User | None:
    """The active user whom `secret` acts as, or None."""
    alive = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))
    token = ApiToken.objects.filter(alive, token_hash=token_hash(secret), user__is_active=True).select_related("user")
    found = token.first()
    if found is None:
        return None
    if found.last_used_at is None or found.last_used_at < now - USED_EVERY:
        ApiToken.objects.filter(pk=found.pk).update(last_used_at=now)
    return found.user
