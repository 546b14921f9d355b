import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from apps.core.embedded.ports import free_port
from apps.integrations.sandbox.process import Sandbox


@pytest.fixture
def sandbox(tmp_path, settings) -> Iterator[Sandbox]:
    running = Sandbox(database=tmp_path / "sandbox.sqlite3", http_port=0, smtp_port=free_port(), keep=20)
    settings.SANDBOX_URL = running.url
    settings.SMS_URL = f"{running.url}/smsc"
    settings.SMS_LOGIN = settings.SMS_PASSWORD = "sandbox"
    settings.SMS_SENDER = ""
    yield running
    running.stop()


@pytest.fixture
def raw_server() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """Serve every connection by a function over the bare socket; gives the address."""
    listeners: list[socket.socket] = []

    def start(talk: Callable[[socket.socket], None]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        connection.settimeout(5)
                        talk(connection)
                    except OSError:
                        continue  # the client hung up, as these tests mean it to

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
