"""What a fake system is made of: routes, a card for the page, refusals and, if it speaks no HTTP, a service."""

import contextlib
import importlib
import json
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message
from threading import Event
from typing import Any
from urllib.parse import parse_qsl

from apps.integrations.sandbox.faults import KINDS, FaultBoard
from apps.integrations.sandbox.store import Item, Store


@dataclass(frozen=True)
class Request:
    """One HTTP request; `path` is below the system's own name."""

    method: str
    path: str
    query: str
    headers: Message
    body: bytes

    def form(self, charset: str = "utf-8") -> dict[str, str]:
        """The fields of the query and of a form body, decoded as `charset`; the last of a name wins."""
        pairs = parse_qsl(self.query, keep_blank_values=True, encoding=charset, errors="replace")
        if self.headers.get("Content-Type", "").partition(";")[0].strip() == "application/x-www-form-urlencoded":
            body = self.body.decode("latin-1")  # escapes stay bytes until parse_qsl decodes them
            pairs += parse_qsl(body, keep_blank_values=True, encoding=charset, errors="replace", max_num_fields=200)
        return dict(pairs)


@dataclass(frozen=True)
class Answer:
    status: int = 200
    content: bytes = b""
    type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200) -> "Answer":
        content = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return cls(status, content, "application/json; charset=utf-8")

    @classmethod
    def text(cls, value: str, status: int = 200) -> "Answer":
        return cls(status, value.encode())


@dataclass(frozen=True)
class Attachment:
    name: str
    size: int
    url: str


@dataclass(frozen=True)
class Link:
    """Another record that a card leads to; `sign` says how they are related."""

    sign: str
    text: str
    url: str


@dataclass(frozen=True)
class Card:
    """How the page shows one held item: `code` is what a person came to copy, `kind` what sort of thing it is."""

    id: int
    at: datetime
    title: str
    text: str
    code: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    kind: str = ""
    url: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class World:
    """What a running sandbox gives its systems; `stopping` is set when the process has to end."""

    store: Store
    faults: FaultBoard
    smtp_port: int
    memory: dict[str, Any] = field(default_factory=dict)  # what systems know only while the process runs
    stopping: Event = field(default_factory=Event)


Handler = Callable[[Request, World], Answer]
Service = Callable[[World], Callable[[], None]]


@dataclass
class System:
    """One outside system: `name` is its path and key, `order` its place on the page, `kinds` the faults it can show.

    `address` tells people where it listens; `empty` is what its list says at first.
    `refusals` are its own error numbers with their meaning, which `refuse` turns into an answer.
    `label` says in a word or two what a request asks for, so that a fault can be meant for some requests only.
    A request is served, and suffers its fault, inside `guard`. The page has the systems that are `shown` just now,
    with those of their items that are `listed`.
    """

    name: str
    title: Any
    empty: Any
    address: Callable[[str, World], str]
    refusals: Mapping[str, Any] = field(default_factory=dict)
    kinds: tuple[str, ...] = KINDS
    order: int = 100
    label: Callable[[Request], str] = lambda request: f"{request.method} {request.path}"
    guard: Callable[[Request, World], contextlib.AbstractContextManager[object]] = lambda *_: contextlib.nullcontext()
    shown: Callable[[], bool] = lambda: True
    listed: Callable[[Item], bool] = lambda item: True
    routes: dict[tuple[str, str], Handler] = field(default_factory=dict)
    trees: dict[tuple[str, str], Handler] = field(default_factory=dict)
    show: Callable[[Item], Card] | None = None
    show_in: Callable[[Item, World], Card] | None = None
    refuse: Callable[[str, Request], Answer] | None = None
    deceive: Callable[[str, Request, World], Answer] | None = None
    serve: Service | None = None

    def route(self, path: str, *methods: str) -> Callable[[Handler], Handler]:
        """Answer `methods` on `path` (below the system's name) by the decorated function."""

        def register(handler: Handler) -> Handler:
            self.routes.update({(method, path): handler for method in methods})
            return handler

        return register

    def tree(self, path: str, *methods: str) -> Callable[[Handler], Handler]:
        """Answer `methods` on `path` and on everything below it by the decorated function."""

        def register(handler: Handler) -> Handler:
            self.trees.update({(method, path): handler for method in methods})
            return handler

        return register

    def handler_for(self, method: str, path: str) -> Handler | None:
        """What answers `method` on `path`: a route of just that path, else the tree it stands in."""
        if exact := self.routes.get((method, path)):
            return exact
        return next((one for (verb, top), one in self.trees.items() if verb == method and path.startswith(top)), None)

    def card(self, function: Callable[[Item], Card]) -> Callable[[Item], Card]:
        """Show held items by the decorated function."""
        self.show = function
        return function

    def card_in(self, function: Callable[[Item, World], Card]) -> Callable[[Item, World], Card]:
        """Show held items by the decorated function, which looks at other items too."""
        self.show_in = function
        return function

    def refusal(self, function: Callable[[str, Request], Answer]) -> Callable[[str, Request], Answer]:
        """Answer the fault `refuse` by the decorated function."""
        self.refuse = function
        return function

    def deceit(self, function: Callable[[str, Request, World], Answer]) -> Callable[[str, Request, World], Answer]:
        """Answer the fault `refuse` by the decorated function, which may also do the deed, or half of it."""
        self.deceive = function
        return function

    def service(self, function: Service) -> Service:
        """Start the decorated function beside HTTP; it returns what stops it."""
        self.serve = function
        return function


def discover() -> dict[str, System]:
    """Every system of this package, by name, in the page's order."""
    package = importlib.import_module(__package__ or "")
    modules = [importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, System)]
    return {system.name: system for system in sorted(found, key=lambda system: (system.order, system.name))}
