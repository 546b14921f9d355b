"""Every event goes to the company's own systems: workflows in n8n, consumers behind RabbitMQ.

Both know an event that they get twice by its id, so an unclear outcome is simply told again.
"""

from django.conf import settings

from apps.core.outbox import Event, Work, handler
from apps.integrations.automation import get_automation
from apps.integrations.broker import get_broker
from apps.integrations.envelope import Envelope


def _for_n8n(event: Event) -> bool:
    return bool(settings.N8N_URL) and event.name in settings.N8N_EVENTS


def _for_broker(event: Event) -> bool:
    return bool(settings.EVENTS_URL)


@handler("events.n8n", on=Event, target="n8n", lane="slow", wanted=_for_n8n)
def tell_n8n(work: Work) -> None:
    get_automation().tell(_envelope(work), now=work.now)


@handler("events.rabbitmq", on=Event, target="rabbitmq", lane="slow", wanted=_for_broker, ordered=True)
def publish_to_broker(work: Work) -> None:
    get_broker().publish(_envelope(work))


def _envelope(work: Work) -> Envelope:
    return Envelope(work.event_id, work.event.name, work.occurred_at, work.event.data(), work.request_id)
