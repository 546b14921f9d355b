"""From an applicant's submit to the row on a page of the admin that is open meanwhile: real servers, real browser."""

import http.client
import os
import threading
import time

from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import Page, sync_playwright
from redis import Redis

from bench import drafts
from bench.drafts import Draft
from bench.figures import Figure, p50_p95
from bench.place import HOST, Place, Server
from tests.services import find_browser

SUBMITS = 20
CHANNEL = "bench.live"
QUIET = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
# When each claim's number stood in the list for the first time, in ms of the clock that Python's time.time() reads.
WATCH = """() => {
    window.firstSeen = {};
    const look = () => {
        for (const link of document.querySelectorAll("#result_list th a")) {
            firstSeen[link.textContent.trim()] ??= performance.timeOrigin + performance.now();
        }
    };
    new MutationObserver(look).observe(document.body, {childList: true, subtree: true});
    look();
}"""


def measure(place: Place) -> list[Figure]:
    supply = drafts.make(SUBMITS + 2, filled=True, series=5)
    body, session = drafts.submit_body(), _staff_session()
    # In production one address leads to both; here the page comes from the one that also has its WebSocket.
    with place.wsgi() as web, place.asgi(port=place.port) as desk, sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # chromium's sandbox refuses root
        browser = playwright.chromium.launch(executable_path=find_browser(), args=[*sandbox, *QUIET])
        page = browser.new_page()
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": desk.url}])
        _submit(web, supply[0], body)  # a list that is empty loads itself anew
        page.goto(f"{desk.url}/admin/claims/claim/")
        page.wait_for_selector('#live[data-state="live"]')
        page.evaluate(WATCH)
        _until_shown(page, web, supply[1], body)
        shown, heard = [], []
        for draft in supply[2:]:
            shown.append(_until_shown(page, web, draft, body))
            heard.append(_until_heard(place))
        browser.close()
    return [
        Figure("live", f"submit's answer to the row in the open list, {SUBMITS} times, p50 / p95", p50_p95(shown),
               f"bare Redis publish to subscriber: {p50_p95(heard)}"),
    ]  # fmt: skip


def _staff_session() -> str:
    user = get_user_model()._default_manager.create_superuser(username="bench-live", password=None)
    client = Client(SERVER_NAME=HOST)
    client.force_login(user)
    return client.cookies["sessionid"].value


def _submit(web: Server, draft: Draft, body: bytes) -> float:
    """When the answer was there, in s of the wall clock. Raises SystemExit with a refusal."""
    line = http.client.HTTPConnection(HOST, web.port, timeout=60)
    headers = {
        "Authorization": f"Bearer {draft.token}", "Idempotency-Key": draft.key, "Content-Type": "application/json",
        "X-Forwarded-For": draft.address,
    }  # fmt: skip
    line.request("POST", f"{draft.path}/submit", body=body, headers=headers)
    answer = line.getresponse()
    text = answer.read()
    at = time.time()
    line.close()
    if answer.status != 200:
        raise SystemExit(f"submit: {answer.status} {text[:500].decode(errors='replace')}")
    return at


def _until_shown(page: Page, web: Server, draft: Draft, body: bytes) -> float:
    answered = _submit(web, draft, body)
    page.wait_for_function("number => firstSeen[number]", arg=draft.number, timeout=20_000)
    at = page.evaluate("number => firstSeen[number]", draft.number)
    return max(0.0, at / 1000 - answered)


def _until_heard(place: Place) -> float:
    """Seconds from publishing to hearing, over Redis alone."""
    heard: list[float] = []
    with Redis.from_url(place.redis_url, socket_timeout=10) as redis, redis.pubsub() as pubsub:
        pubsub.subscribe(CHANNEL)
        pubsub.get_message(timeout=5)

        def listen() -> None:
            if pubsub.get_message(timeout=5):
                heard.append(time.perf_counter())

        listener = threading.Thread(target=listen)
        listener.start()
        time.sleep(0.05)
        began = time.perf_counter()
        redis.publish(CHANNEL, "x")
        listener.join()
    return heard[0] - began
