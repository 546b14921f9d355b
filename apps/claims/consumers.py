"""Live pages. What is sent are hints; the page asks the API or the admin for the truth."""

from typing import Any

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db import close_old_connections
from django.utils import timezone

from apps.claims.api.authentication import COOKIE
from apps.claims.errors import ClaimNotFound
from apps.claims.selectors import applicant_claim
from apps.contacts.services import session_use
from apps.core.realtime import group_name

NO_SESSION, NO_CLAIM = 4401, 4404


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
            return self.admit()
        finally:
            close_old_connections()

    def admit(self) -> tuple[int, str]:
        raise AssertionError("each consumer says whom it admits")

    async def disconnect(self, code: int) -> None:
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Pages have nothing to say here; a ping keeps proxies from closing an idle line."""

    async def hint(self, message: dict[str, Any]) -> None:
        await self.send_json(message["hint"])


class ApplicantClaimConsumer(HintConsumer):
    """`/ws/claims/{number}/`: the applicant's own claim, by cookie or Bearer token."""

    def admit(self) -> tuple[int, str]:
        session = session_use(token=self._token(), now=timezone.now())
        if session is None:
            return NO_SESSION, ""
        number = self.scope["url_route"]["kwargs"]["number"]
        try:
            claim = applicant_claim(contact_id=session.contact_id, number=number, now=timezone.now())
        except ClaimNotFound:
            return NO_CLAIM, ""
        return 0, group_name("claim", str(claim.pk))

    def _token(self) -> str:
        headers = dict(self.scope["headers"])
        bearer = headers.get(b"authorization", b"").decode("latin-1")
        if bearer.lower().startswith("bearer "):
            return str(bearer[7:].strip())
        return str(self.scope["cookies"].get(COOKIE, ""))


class _StaffConsumer(HintConsumer):
    def admit(self) -> tuple[int, str]:
        user = self.scope["user"]
        if not (user.is_authenticated and user.is_staff):
            return NO_SESSION, ""
        if not user.has_perm("claims.view_claim"):
            return NO_CLAIM, ""
        return 0, self.topic()

    def topic(self) -> str:
        raise AssertionError("each consumer says whom it admits")


class StaffClaimsConsumer(_StaffConsumer):
    """`/ws/staff/claims/`: every submitted claim."""

    def topic(self) -> str:
        return group_name("staff.claims")


class StaffClaimConsumer(_StaffConsumer):
    """`/ws/staff/claims/{id}/`: one claim."""

    def topic(self) -> str:
        return group_name("claim", str(self.scope["url_route"]["kwargs"]["claim_id"]))
