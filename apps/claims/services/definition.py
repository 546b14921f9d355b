from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.claims.models import FormDefinition
from apps.claims.selectors import catalogue_content
from apps.core import audit
from apps.core.inserts import insert_once


@transaction.atomic
def definition_publish(*, actor: User | None, now: datetime) -> FormDefinition:
    """Publish the catalogue as the next version; new drafts use it. Gives the newest version if nothing changed."""
    while True:
        newest = FormDefinition.objects.order_by("-version").first()
        content: dict[str, Any] = catalogue_content()
        if newest and newest.content == content:
            return newest
        version = newest.version + 1 if newest else 1
        new = FormDefinition(version=version, content=content, published_by=actor, created_at=now, updated_at=now)
        # Another may publish this very version at this moment: the insert waits for it, and then we look again.
        if insert_once(FormDefinition, **{f.attname: getattr(new, f.attname) for f in new._meta.concrete_fields}):
            audit.record(action="definition.publish", target=new, actor=actor, now=now, version=version)
            return FormDefinition.objects.get(pk=new.pk)


def definition_current(*, now: datetime) -> FormDefinition:
    """The newest published version; publishes the catalogue if that was never done."""
    newest = FormDefinition.objects.order_by("-version").first()
    return newest or definition_publish(actor=None, now=now)
