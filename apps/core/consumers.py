"""Live pages. What is sent are hints; the page asks the API or the admin for the truth."""

from typing import Any

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db import close_old_connections

from apps.core.addresses import is_origin_of
from apps.core.realtime import group_name

NO_SESSION, NO_RIGHT = 4401, 4404


class HintConsumer(AsyncJsonWebsocketConsumer):
    """Passes the hints of one group on to one page."""

    group = ""

    async def connect(self) -> None:
        refused, self.group = await sync_to_async(self._admit)()
        await self.accept()
        if refused:
            # After accept: a browser learns the reason only of a socket that was open.
            await self.close(code=refused)
            return
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.send_json({"type": "hello"})

    def _admit(self) -> tuple[int, str]:
        """A close code (0 to let in) and the group to listen to."""
        try:
            return self.admit() if self._bearer() or self._same_origin() else (NO_SESSION, "")
        finally:
            close_old_connections()

    def _header(self, name: bytes) -> str:
        return str(dict(self.scope["headers"]).get(name, b"").decode("latin-1"))

    def _bearer(self) -> str:
        """The token of the Authorization header, or an empty string."""
        header = self._header(b"authorization")
        return header[7:].strip() if header.lower().startswith("bearer ") else ""

    def _same_origin(self) -> bool:
        """Whether a browser says that the page is of this very host: a cookie alone proves nothing."""
        return is_origin_of(self._header(b"origin"), self._header(b"host"))

    def admit(self) -> tuple[int, str]:
        raise AssertionError("each consumer says whom it admits")

    async def disconnect(self, code: int) -> None:
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Pages have nothing to say here; a ping keeps proxies from closing an idle line."""

    async def hint(self, message: dict[str, Any]) -> None:
        await self.send_json(message["hint"])


class StaffConsumer(HintConsumer):
    """A page of the staff's desk, for those who have `permission`."""

    permission = ""

    def admit(self) -> tuple[int, str]:
        user = self.scope["user"]
        if not (user.is_authenticated and user.is_staff):
            return NO_SESSION, ""
        if not self.may_hear(user):
            return NO_RIGHT, ""
        return 0, self.topic()

    def may_hear(self, user: Any) -> bool:
        return bool(user.has_perm(self.permission))

    def topic(self) -> str:
        raise AssertionError("each consumer says which group's hints it passes on")


class StaffTargetsConsumer(StaffConsumer):
    """`/ws/staff/targets/`: the outside systems, as deliveries see them."""

    permission = "core.view_target"

    def may_hear(self, user: Any) -> bool:
        """Also who sees the deliveries, which say what is parked: a hint carries no data."""
        return super().may_hear(user) or bool(user.has_perm("core.view_delivery"))

    def topic(self) -> str:
        return group_name("staff.targets")
