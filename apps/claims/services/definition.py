from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.claims.models import FormDefinition
from apps.claims.selectors import catalogue_content
from apps.core import audit


@transaction.atomic
def definition_publish(*, actor: User | None, now: datetime) -> FormDefinition:
    """Publish the catalogue as the next version; new drafts use it. Gives the newest version if nothing changed."""
    newest = FormDefinition.objects.select_for_update().order_by("-version").first()
    content: dict[str, Any] = catalogue_content()
    if newest and newest.content == content:
        return newest
    published = FormDefinition.objects.create(
        version=newest.version + 1 if newest else 1, content=content, published_by=actor
    )
    audit.record(action="definition.publish", target=published, actor=actor, now=now, version=published.version)
    return published


def definition_current(*, now: datetime) -> FormDefinition:
    """The newest published version; publishes the catalogue if that was never done."""
    newest = FormDefinition.objects.order_by("-version").first()
    return newest or definition_publish(actor=None, now=now)
