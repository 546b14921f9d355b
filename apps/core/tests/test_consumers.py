"""Who may listen to the hints of outside systems, and that a pause reaches an open page."""

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, AnonymousUser, Permission

from apps.core.consumers import NO_RIGHT, NO_SESSION, StaffTargetsConsumer
from apps.core.realtime import group_name

pytestmark = pytest.mark.django_db(transaction=True)
OWN = [(b"host", b"claims.example.com"), (b"origin", b"https://claims.example.com")]


def user(*codenames: str, **more: Any) -> AbstractUser:
    made = get_user_model()._default_manager.create(username="olga", **{"is_staff": True, **more})
    made.user_permissions.add(*Permission.objects.filter(codename__in=codenames, content_type__app_label="core"))
    return get_user_model()._default_manager.get(pk=made.pk)


def page(who: Any, headers: list[tuple[bytes, bytes]]) -> WebsocketCommunicator:
    found = WebsocketCommunicator(StaffTargetsConsumer.as_asgi(), "/ws/staff/targets/", headers=headers)
    found.scope["user"] = who
    return found


def refused_with(who: Any, headers: list[tuple[bytes, bytes]] = OWN) -> int:
    async def ask() -> int:
        one = page(who, headers)
        await one.connect()
        closed = await one.receive_output()
        return int(closed["code"])

    return async_to_sync(ask)()


def test_those_without_the_right_hear_nothing() -> None:
    without = user("view_outboxevent")

    assert refused_with(AnonymousUser()) == NO_SESSION
    assert refused_with(without) == NO_RIGHT


def test_a_page_of_another_site_hears_nothing_though_the_cookie_is_right() -> None:
    reader = user("view_target")

    assert refused_with(reader, [OWN[0], (b"origin", b"https://evil.example.com")]) == NO_SESSION


@pytest.mark.parametrize("right", ["view_target", "view_delivery"])  # either page says what is held back
def test_who_may_see_targets_or_deliveries_is_told_that_they_changed(right: str) -> None:
    reader = user(right)

    async def listen() -> list[Any]:
        one = page(reader, OWN)
        await one.connect()
        hello = await one.receive_json_from()
        hint = {"type": "targets.changed"}
        await get_channel_layer().group_send(group_name("staff.targets"), {"type": "hint", "hint": hint})
        told = await one.receive_json_from()
        await one.disconnect()
        return [hello, told]

    assert async_to_sync(listen)() == [{"type": "hello"}, {"type": "targets.changed"}]
