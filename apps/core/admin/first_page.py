from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.deliveries import oldest_unfinished
from apps.core.desk.handlers import words_of
from apps.core.desk.index import block
from apps.core.desk.words import short_age
from apps.core.models import Delivery

State = Delivery.State
WATCHED = (State.NEEDS_ATTENTION, State.UNKNOWN, State.WAITING)


@block(title=_("Deliveries"), template="core/first_deliveries.html", permission="core.view_delivery", order=30)
def deliveries(request: HttpRequest) -> dict[str, Any]:
    """What needs somebody, first of all; counted over the unfinished ones, which are few."""
    rows = Delivery.objects.filter(state__in=WATCHED).order_by().values_list("state").annotate(n=Count("pk"))
    counted = {str(state): n for state, n in rows}
    stuck = Delivery.objects.filter(state=State.NEEDS_ATTENTION).select_related("event").order_by("id")[:5]
    return {
        "states": [(str(state), state.label, counted.get(state, 0)) for state in WATCHED],
        "stuck": [(one, words_of(one.handler)) for one in stuck],
        "oldest": short_age(oldest_unfinished(now=timezone.now())),
        "url": reverse("admin:core_delivery_changelist"),
    }
