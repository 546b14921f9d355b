const POLL_MS = 15_000;
const BACKOFF_S = [1, 2, 5, 10, 30];
const NO_RIGHT = [4401, 4403, 4404];
const GATHER_MS = 250;

/**
 * Hears that something on this page changed: over a WebSocket, and by asking every 15 seconds while there is none.
 * A hint carries no data. `read()` reads the truth; calls of it never overlap, and hints that come close together make one.
 */
export class Live {
  /** @param {{path: string, type: string, read: () => Promise<void>, sign?: HTMLElement|null}} options */
  constructor({ path, type, read, sign = null }) {
    this.url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    this.type = type;
    this.read = read;
    this.sign = sign;
    this.failures = 0;
    this.#state("reconnecting");
    setInterval(() => { if (!this.open && !document.hidden && navigator.onLine) this.ask(); }, POLL_MS);
    document.addEventListener("visibilitychange", () => this.#wake());
    addEventListener("online", () => this.#wake());
    this.#connect();
  }

  get open() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** Reads soon; a hint that comes while reading makes one more reading. */
  ask() {
    if (document.hidden) {
      this.missed = true;
      return;
    }
    this.again = true;
    if (this.busy) return;
    this.busy = true;
    setTimeout(async () => {
      this.again = false;
      try {
        await this.read();
      } catch (error) {
        console.warn("the page could not be read", error); // the next hint or poll reads it again
      } finally {
        this.busy = false;
        if (this.again) this.ask();
      }
    }, GATHER_MS);
  }

  #state(state) {
    if (!this.sign) return;
    this.sign.dataset.state = state;
    this.sign.textContent = this.sign.dataset[state];
  }

  #wake() {
    if (document.hidden) return;
    if (this.missed || !this.open) {
      this.missed = false;
      this.ask();
    }
    if (!this.socket) {
      clearTimeout(this.retry);
      this.#connect();
    }
  }

  #connect() {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.addEventListener("open", () => {
      this.failures = 0;
      this.#state("live");
      this.ask(); // what changed since the page was drawn was told to nobody here
    });
    socket.addEventListener("message", (event) => {
      if (JSON.parse(event.data).type === this.type) this.ask();
    });
    socket.addEventListener("close", (event) => {
      this.socket = null;
      this.#state("reconnecting");
      if (NO_RIGHT.includes(event.code)) return; // polling goes on, and finds out that one is logged out
      const wait = BACKOFF_S[Math.min(this.failures, BACKOFF_S.length - 1)];
      this.failures += 1;
      // Spread out, so that a restarted server is not met by everybody at once.
      this.retry = setTimeout(() => this.#connect(), wait * 1000 * (0.7 + Math.random() * 0.6));
    });
  }
}

/**
 * The page at `url` as a document, or null if the login came instead; then the bar that says so is shown.
 * @param {string} url @param {RequestInit} [options] @returns {Promise<Document|null>}
 */
export async function page(url, options = {}) {
  const answer = await fetch(url, { credentials: "same-origin", ...options });
  const text = await answer.text();
  const found = new DOMParser().parseFromString(text, "text/html");
  if (found.getElementById("login-form")) {
    const bar = document.getElementById("logged-out");
    if (bar) {
      bar.hidden = false;
      bar.querySelector("a").href = location.href;
    }
    return null;
  }
  if (!answer.ok) throw new Error(`the page answered ${answer.status}`);
  return found;
}
