"""What the tests of the SMS gateways share."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from hypothesis import strategies as st

from apps.integrations.errors import IntegrationError
from apps.integrations.http import Answer
from apps.integrations.sandbox.process import Sandbox

PHONE = "79161234567"
TEXT = "Код 482913. Никому его не сообщайте."
BACKENDS = {
    "smsc": "apps.integrations.sms.smsc.SmscGateway",
    "smsru": "apps.integrations.sms.smsru.SmsRuGateway",
    "smsaero": "apps.integrations.sms.smsaero.SmsAeroGateway",
}


def use(settings: Any, sandbox: Sandbox, gateway: str) -> None:
    settings.SMS_BACKEND, settings.SMS_URL = BACKENDS[gateway], f"{sandbox.url}/{gateway}"


def turn_on(sandbox: Sandbox, gateway: str, **fault: Any) -> None:
    requests.post(f"{sandbox.url}/_faults/{gateway}", json=fault, timeout=5).raise_for_status()


def held(sandbox: Sandbox, gateway: str) -> list[dict[str, Any]]:
    return [item.data for item in sandbox.world.store.items(gateway)]


def failure(act: Callable[[], Any]) -> IntegrationError:
    with pytest.raises(IntegrationError) as caught:
        act()
    return caught.value


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


class Canned:
    """Stands where the HTTP client would, to try thousands of answers; the wire itself is tried elsewhere."""

    def __init__(self, body: object, status: int = 200) -> None:
        self._answer = Answer(status, {}, json.dumps(body).encode(), safe=False)

    def call(self, *args: object, **kwargs: object) -> object:
        return self._answer


def try_to_break(gateway: Any, body: object, status: int = 200) -> None:
    """Let `gateway` read `body`, whatever it is: nothing but our own errors may come of it."""
    gateway._http = Canned(body, status)
    for act in (lambda: gateway.send(phone=PHONE, text=TEXT, key="a"), lambda: gateway.status(id="a", phone=PHONE)):
        try:
            act()
        except IntegrationError as error:
            assert error.code
    assert gateway.check().ok in (True, False)
