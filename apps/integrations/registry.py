"""The outside systems that this installation speaks to, each by the name of its deliveries' target."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.integrations.health import Health


@dataclass(frozen=True)
class Integration:
    """One system: `check` asks it whether it works for us (bounded, never raises IntegrationError).

    `address` names its host for people, without secrets; `enabled` says whether the settings name it. `proves` is
    False where a sound check does not show that our account would be let in.
    """

    name: str
    title: Any
    check: Callable[[], Health]
    address: Callable[[], str]
    enabled: Callable[[], bool] = lambda: True
    order: int = 100
    proves: bool = True


_integrations: dict[str, Integration] = {}


def register(one: Integration) -> None:
    """Make `one` known. Raises ValueError for a second of that name."""
    if _integrations.setdefault(one.name, one) is not one:
        raise ValueError(f"two integrations are named {one.name}")


def integrations() -> list[Integration]:
    """Those that the settings name, in the page's order."""
    return sorted((one for one in _integrations.values() if one.enabled()), key=lambda one: (one.order, one.name))


def titles() -> dict[str, Any]:
    """By name what each system is called, also those that the settings do not name."""
    return {one.name: one.title for one in _integrations.values()}


def integration_named(name: str) -> Integration | None:
    return next((one for one in integrations() if one.name == name), None)
