"""Listens to what browsers complain about: script errors, refusals of the content security policy, missing files."""

from playwright.sync_api import BrowserContext, ConsoleMessage

REPORT = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP: ${event.violatedDirective} refused ${event.blockedURI} on ${location.pathname}`);
});
"""
# A refused call and a lost network are answers that the page speaks about; the browser notes each as an error too.
EXPECTED = ("Failed to load resource", "WebSocket connection to")


class Watch:
    """What went wrong in any page of the browsers that it watches."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def over(self, context: BrowserContext) -> None:
        context.add_init_script(REPORT)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.complaints.append(f"script error: {error.error}"))

    def _heard(self, message: ConsoleMessage) -> None:
        address = message.location.get("url", "")
        if message.type not in ("error", "warning"):
            return
        if message.text.startswith(EXPECTED) and ("/api/v1/" in address or "/ws/" in message.text + address):
            return
        self.complaints.append(f"{message.type}: {message.text} ({address})")
