"""Live pages. What is sent are hints; the page asks the API or the admin for the truth."""

from typing import Any

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db import close_old_connections
from django.utils import timezone

from apps.claims.api.authentication import COOKIE, is_origin_of
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
        return self._bearer() or str(self.scope["cookies"].get(COOKIE, ""))


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
