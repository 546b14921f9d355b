"""Live pages of claims."""

from django.utils import timezone

from apps.claims.api.authentication import COOKIE
from apps.claims.errors import ClaimNotFound
from apps.claims.selectors import applicant_claim
from apps.contacts.services import session_use
from apps.core.consumers import NO_RIGHT, NO_SESSION, HintConsumer, StaffConsumer
from apps.core.realtime import group_name


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
            return NO_RIGHT, ""
        return 0, group_name("claim", str(claim.pk))

    def _token(self) -> str:
        return self._bearer() or str(self.scope["cookies"].get(COOKIE, ""))


class StaffClaimsConsumer(StaffConsumer):
    """`/ws/staff/claims/`: every submitted claim."""

    permission = "claims.view_claim"

    def topic(self) -> str:
        return group_name("staff.claims")


class StaffClaimConsumer(StaffConsumer):
    """`/ws/staff/claims/{id}/`: one claim."""

    permission = "claims.view_claim"

    def topic(self) -> str:
        return group_name("claim", str(self.scope["url_route"]["kwargs"]["claim_id"]))
