"""The whole sandbox as one thing to start and stop, for the command and for tests."""

import threading
from collections.abc import Callable
from pathlib import Path

from apps.integrations.sandbox.faults import FaultBoard
from apps.integrations.sandbox.registry import World, discover
from apps.integrations.sandbox.server import HOST, SandboxServer
from apps.integrations.sandbox.store import KEEP, Store


class Sandbox:
    """All fake systems on `http_port` and `smtp_port` of 127.0.0.1 (0: a free HTTP port). Raises OSError."""

    def __init__(
        self, *, database: Path, http_port: int, smtp_port: int, fresh: bool = False, keep: int = KEEP
    ) -> None:
        systems = discover()
        self.world = World(Store(database, fresh=fresh, keep=keep), FaultBoard(), smtp_port)
        self._stops: list[Callable[[], None]] = []
        try:
            self._server = SandboxServer(http_port, self.world, systems)
            self._stops.append(self._server.server_close)
            for system in systems.values():
                if system.serve:
                    self._stops.append(system.serve(self.world))
        except OSError:
            self.stop()
            raise
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="http", daemon=True)
        self._thread.start()
        self._stops.insert(0, self._server.shutdown)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._server.server_port}"

    def stop(self) -> None:
        """End everything within a second; calls that are being delayed end at once. Safe to repeat."""
        self.world.stopping.set()
        while self._stops:
            self._stops.pop(0)()
        self.world.store.close()
