"""What the fake SMS gateways share: how a message looks on the page, and the reports that they send back."""

import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from apps.integrations.errors import IntegrationError
from apps.integrations.http import HttpClient
from apps.integrations.sandbox.registry import Card, World
from apps.integrations.sandbox.store import Item

log = structlog.get_logger(__name__)

PART_COST = Decimal("2.15")
FUNDS = Decimal("10000.00")
SAME_AGAIN = 60  # s
DELIVERED_AFTER = 3.0  # s since the message was taken
REPORT_PAUSES = (0.0, 3.0, 10.0, 30.0)  # s before each try to report
PHONE = re.compile(r"[0-9]{10,15}")
_CODE = re.compile(r"(?<![0-9-])[0-9]{6}(?![0-9-])")
_reporters = threading.Semaphore(50)


def funds(world: World, system: str) -> Decimal:
    """What is left of the account after what `system` holds."""
    return FUNDS - sum((Decimal(item.data["cost"]) for item in world.store.items(system)), Decimal(0))


def is_same(item: Item, phone: str, text: str) -> bool:
    """Whether it is the same text to the same number once more within a minute."""
    return age(item) < SAME_AGAIN and item.data["phone"] == phone and item.data["text"] == text


def age(item: Item) -> float:
    """Seconds since the message was taken."""
    return (datetime.now(UTC) - item.at).total_seconds()


def delivered_at() -> datetime:
    """When a message that is taken now will be delivered."""
    return datetime.now(UTC) + timedelta(seconds=DELIVERED_AFTER)


def message_card(item: Item, *, sender: str) -> Card:
    text = str(item.data["text"])
    code = _CODE.search(text)
    return Card(
        id=item.id,
        at=item.at,
        title=_spaced(str(item.data["phone"])),
        text=text,
        code=code.group() if code else "",
        fields=((_("Parts"), str(item.data["parts"])), (_("Sender"), str(item.data["sender"]) or sender)),
    )


def report_later(world: World, gateway: str, form: Mapping[str, str]) -> None:
    """Send the delivery report `form` to the product once the message is delivered, from a thread of its own.

    As with real gateways it may never come: so many at once, or a product that does not answer, are given up.
    """
    if _reporters.acquire(blocking=False):
        threading.Thread(target=_report, args=(world, gateway, form), name=f"{gateway}-report", daemon=True).start()


def _report(world: World, gateway: str, form: Mapping[str, str]) -> None:
    try:
        if world.stopping.wait(DELIVERED_AFTER):
            return
        product = HttpClient(name=f"{gateway}-report", base_url=settings.SITE_URL, allow_private=True)
        for pause in REPORT_PAUSES:
            if world.stopping.wait(pause) or _taken(product, gateway, form):
                return
        log.info("sandbox_report_given_up", system=gateway)
    finally:
        _reporters.release()


def _taken(product: HttpClient, gateway: str, form: Mapping[str, str]) -> bool:
    try:
        product.call("POST", f"/api/v1/hooks/sms/{gateway}/", data=form, safe=True)
    except IntegrationError as error:
        log.info("sandbox_report_failed", system=gateway, code=error.code)
        return False
    return True


def _spaced(phone: str) -> str:
    """`+7 916 123-45-67`, `+380 67 123-45-67`; other numbers as they are."""
    shape = re.fullmatch(r"(7|380)([0-9]{2,3})([0-9]{3})([0-9]{2})([0-9]{2})", phone)
    return "+{} {} {}-{}-{}".format(*shape.groups()) if shape else f"+{phone}"
