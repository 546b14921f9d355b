const POLL_MS = 15_000;
const BACKOFF_S = [1, 2, 5, 10, 30];
const NO_RIGHT = [4401, 4404];

/**
 * Hears that a claim changed: over a WebSocket, and by asking every 15 seconds while there is none. A hint carries no
 * data; `onHint(version)` decides whether to read the claim (`null`: unknown, read it).
 */
export class LiveLink {
  /** @param {{number: string, onHint: (version: number|null) => void, onState?: (live: boolean) => void}} options */
  constructor({ number, onHint, onState = () => {} }) {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.url = `${scheme}://${location.host}/ws/claims/${encodeURIComponent(number)}/`;
    this.onHint = onHint;
    this.onState = onState;
    this.socket = null;
    this.failures = 0;
    this.closed = false;
    this.poll = setInterval(() => this.#ask(), POLL_MS);
    this.wake = () => this.#wake();
    addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.#connect();
  }

  close() {
    this.closed = true;
    clearInterval(this.poll);
    clearTimeout(this.retry);
    removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    this.socket?.close();
  }

  get live() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  #ask() {
    if (!this.live && !document.hidden && navigator.onLine) this.onHint(null);
  }

  /** Back on the page or on the network: what was missed is read at once. */
  #wake() {
    if (document.hidden || this.closed) return;
    this.onHint(null);
    if (!this.socket) {
      clearTimeout(this.retry);
      this.#connect();
    }
  }

  #connect() {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.addEventListener("open", () => {
      if (this.failures) this.onHint(null);
      this.failures = 0;
      this.onState(true);
    });
    socket.addEventListener("message", (event) => {
      const hint = JSON.parse(event.data);
      if (hint.type === "claim.changed") this.onHint(hint.version ?? null);
    });
    socket.addEventListener("close", (event) => {
      this.socket = null;
      this.onState(false);
      if (this.closed || NO_RIGHT.includes(event.code)) return;
      const wait = BACKOFF_S[Math.min(this.failures, BACKOFF_S.length - 1)];
      this.failures += 1;
      // Spread out, so that a restarted server is not met by everybody at once.
      this.retry = setTimeout(() => this.#connect(), wait * 1000 * (0.7 + Math.random() * 0.6));
    });
  }
}
