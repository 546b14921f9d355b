"""What an upload of 50 MB costs in memory and time, beside a server that only reads and hashes it."""

import hashlib
import http.client
import io
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fpdf import FPDF
from PIL import Image

from bench import drafts
from bench.drafts import Draft
from bench.figures import Figure, spread
from bench.load import HOST, in_threads
from bench.place import Place, Server, rss_mb, tree

MB = 1024 * 1024
MOST = 50 * MB
SLOT = "boarding_pass"
ROUNDS = 3
EVERY = 0.01  # s between two looks at the memory


def scanned_pdf() -> bytes:
    """As much of a scanned PDF as may be sent: A4 at 200 dpi, a JPEG a page."""
    made, size = FPDF(), 0
    while True:
        out = io.BytesIO()
        Image.effect_noise((1654, 2339), 60 + made.page).save(out, "JPEG", quality=88)
        size += len(out.getvalue()) + 2048
        if size > MOST:
            return bytes(made.output())
        made.add_page()
        made.image(out, x=0, y=0, w=210)


def multipart(file: bytes) -> tuple[bytes, str]:
    """A body with the file and its slot, and the body's content type."""
    mark = uuid.uuid4().hex
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="slot"\r\n\r\n{SLOT}\r\n'
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="scan.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    )
    return head.encode() + file + f"\r\n--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


class Memory:
    """The peak of a server's memory, in MB: of its own processes, and with the children it starts meanwhile."""

    def __init__(self, server: Server) -> None:
        self.root = server.pid
        self.own = tree(server.pid)
        self.before = self.peak = self.peak_with_children = rss_mb(self.own)

    @contextmanager
    def watched(self) -> Iterator[None]:
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(over,))
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(EVERY):
            own = rss_mb(self.own)
            self.peak = max(self.peak, own)
            children = [pid for pid in tree(self.root) if pid not in self.own]
            self.peak_with_children = max(self.peak_with_children, own + rss_mb(children))

    @property
    def growth(self) -> float:
        return self.peak - self.before

    def text(self) -> str:
        return f"{self.before:.0f} → {self.peak:.0f} MB (+{self.growth:.0f})"


def send(server: Server, path: str, body: bytes, content_type: str, draft: Draft) -> None:
    """Raises SystemExit with the answer if it is a refusal."""
    line = http.client.HTTPConnection(HOST, server.port, timeout=120)
    headers = {
        "Content-Type": content_type, "Authorization": f"Bearer {draft.token}", "X-Forwarded-For": draft.address,
    }  # fmt: skip
    line.request("POST", path, body=memoryview(body), headers=headers)
    answer = line.getresponse()
    text = answer.read()
    line.close()
    if answer.status not in (200, 201):
        raise SystemExit(f"upload: {answer.status} {text[:500].decode(errors='replace')}")


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def measure(place: Place) -> list[Figure]:
    file = scanned_pdf()
    body, content_type = multipart(file)
    size = len(file) / MB
    supply = iter(drafts.make(ROUNDS * 5 + 2, filled=False, series=3))
    rates: dict[str, list[float]] = {"sha256": [], "ours": [], "bare": [], "ours 4": [], "bare 4": []}
    with place.wsgi() as web, place.wsgi("bench.peers.hashing:application") as bare:

        def ours(_number: int = 0) -> None:
            draft = next(supply)
            send(web, f"{draft.path}/documents", body, content_type, draft)

        spare = next(supply)

        def hashing(_number: int = 0) -> None:
            send(bare, "/", body, content_type, spare)

        small, small_type = multipart(_small_pdf())
        for _request in range(10):  # of either worker: what its first request loads is not growth
            send(web, f"{spare.path}/documents", small, small_type, spare)
            hashing()
        one, one_bare = Memory(web), Memory(bare)
        for _round in range(ROUNDS):
            rates["sha256"].append(size / timed(lambda: hashlib.sha256(file).digest()))
            with one.watched():
                rates["ours"].append(size / timed(ours))
            with one_bare.watched():
                rates["bare"].append(size / timed(hashing))
        four, four_bare = Memory(web), Memory(bare)
        for _round in range(ROUNDS):
            with four.watched():
                rates["ours 4"].append(4 * size / timed(lambda: in_threads(ours, 4)))
            with four_bare.watched():
                rates["bare 4"].append(4 * size / timed(lambda: in_threads(hashing, 4)))
    return _figures(size, rates, (one, one_bare), (four, four_bare))


def _small_pdf() -> bytes:
    made = FPDF()
    made.add_page()
    return bytes(made.output())


def _figures(
    size: float, rates: dict[str, list[float]], one: tuple[Memory, Memory], four: tuple[Memory, Memory]
) -> list[Figure]:
    def rate(name: str) -> str:
        return f"{statistics.median(rates[name]):.0f} MB/s {spread(rates[name])}"

    middle = {name: statistics.median(values) for name, values in rates.items()}
    label = f"{size:.0f} MB"
    inspected = one[0].peak_with_children - one[0].before
    return [
        Figure("upload", f"{label}, memory of the web processes", one[0].text(), f"read and hash: {one[1].text()}", "",
               "G8: ≤ +30 MB", one[0].growth <= 30),
        Figure("upload", f"{label}, the same with the child that looks into it", f"+{inspected:.0f} MB at the peak"),
        Figure("upload", f"4 x {label} at once, memory", four[0].text(), f"read and hash: {four[1].text()}"),
        Figure("upload", f"{label}, one at a time", rate("ours"), f"read and hash: {rate('bare')}",
               f"{middle['ours'] / middle['bare']:.2f}x"),
        Figure("upload", f"{label}, one at a time", rate("ours"), f"sha256: {rate('sha256')}",
               f"{middle['ours'] / middle['sha256']:.2f}x", "G8: ≥ 0.2x", middle["ours"] >= 0.2 * middle["sha256"]),
        Figure("upload", f"4 x {label} at once, in sum", rate("ours 4"), f"one at a time: {rate('ours')}",
               f"{middle['ours 4'] / middle['ours']:.2f}x", "G8: no slower", middle["ours 4"] >= middle["ours"]),
    ]  # fmt: skip
