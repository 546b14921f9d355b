"""n8n's webhooks: a POST starts a workflow, and HTTP 200 with an empty body means that it came to nothing.

n8n drops no repeats by itself. Every event carries its id, also as Idempotency-Key, so that the workflow can; so an
unclear outcome is Unavailable here and the event is told again.
"""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.core import signatures
from apps.integrations.envelope import Envelope
from apps.integrations.errors import AccountRejected, IntegrationError, Unavailable
from apps.integrations.health import Health
from apps.integrations.http import Answer, HttpClient, in_our_network

_REDIRECTS = (301, 302, 303, 307, 308)
_NO_ENTRY = (401, 403)
_NOT_REGISTERED = 404
READ = 75.0  # s: a workflow that answers from its last node works that long; proxies cut at 100


class N8n:
    """The webhook at `url`; `allow_private` for the sandbox, which runs on our own machine."""

    def __init__(
        self,
        *,
        url: str,
        secret: str,
        callback_url: str,
        token: str = "",
        allow_private: bool = False,
        read: float = READ,
    ) -> None:
        self._http = HttpClient(name="n8n", base_url=url, allow_private=allow_private, read=read, deadline=read + 5)
        self._check = HttpClient(name="n8n", base_url=url, allow_private=allow_private)
        self._secret, self._token, self._callback_url = secret, token, callback_url

    @classmethod
    def from_settings(cls) -> Self:
        if not (settings.N8N_URL and any(settings.N8N_SECRETS)):
            raise ImproperlyConfigured("n8n needs CLAIMDESK_N8N_URL and CLAIMDESK_N8N_SECRETS.")
        return cls(
            url=settings.N8N_URL,
            secret=next(filter(None, settings.N8N_SECRETS)),
            callback_url=settings.SITE_URL + reverse("n8n-callback"),
            token=settings.N8N_TOKEN,
            allow_private=in_our_network(settings.N8N_URL),
        )

    def tell(self, envelope: Envelope, *, now: datetime) -> None:
        body = envelope.body(callback_url=self._callback_url)
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": str(envelope.event_id),
            signatures.HEADER: signatures.sign(body, secret=self._secret, now=now),
        }
        if envelope.request_id:
            headers["X-Request-Id"] = envelope.request_id
        if self._token:
            headers["Authorization"] = self._token
        expected = (*_REDIRECTS, *_NO_ENTRY, _NOT_REGISTERED)
        _accept(self._http.call("POST", "", data=body, headers=headers, expected=expected, safe=True))

    def check(self) -> Health:
        """Ask by HEAD, which no webhook waits for: a POST would start the workflow, and a GET might.

        n8n answers 404 in JSON for a method that nothing is registered for. Whether the workflow is active and the
        token right, only an event can tell.
        """
        try:
            answer = self._check.call("HEAD", "", expected=(*_NO_ENTRY, _NOT_REGISTERED))
        except IntegrationError as error:
            return Health(False, error.code, error.detail)
        if answer.status == _NOT_REGISTERED and "json" not in answer.headers.get("Content-Type", ""):
            return Health(False, "n8n_not_there", _("Something answers at n8n's address, but it is not n8n."))
        return Health(True, "ok", _("n8n answers. Whether its workflow is active shows with the next event."))


def _accept(answer: Answer) -> None:
    """Return if the workflow took the event, else raise what the answer means."""
    if answer.status in _NO_ENTRY:
        raise AccountRejected(_("n8n refused our token."), "n8n_token_refused")
    if answer.status in _REDIRECTS:
        detail = _("n8n's address leads to another one. Set the address that it leads to.")
        raise AccountRejected(detail, "n8n_address_moved")
    if answer.status == _NOT_REGISTERED:
        # Not a refusal of the event: it passes as soon as somebody turns the workflow on, and n8n also says so for
        # a moment after that.
        detail = _("No active workflow in n8n listens at this address. Turn the workflow on, or mend the address.")
        raise Unavailable(detail, "n8n_not_registered")
    if not isinstance(answer.json(), dict | list):
        raise answer.unclear("answer_garbled")
