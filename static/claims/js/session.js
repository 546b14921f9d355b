import { ApiError, api, apiEvents, serverNow } from "./api.js";
import { button, fillWith, h, icon } from "./dom.js";
import { formatCountdown } from "./format.js";
import { gettext } from "./i18n.js";

const WARN_S = 300;

/**
 * Watches the applicant's session: warns five minutes before it ends, with a button that keeps it alive.
 * `onEnd` is called once when it has ended.
 */
export class SessionWatch {
  /** @param {{idleSeconds: number, onEnd: () => void}} options */
  constructor({ idleSeconds, onEnd }) {
    this.idleSeconds = idleSeconds;
    this.onEnd = onEnd;
    this.idleEnds = 0;
    this.hardEnds = 0;
    this.timer = 0;
    this.dialog = null;
    apiEvents.addEventListener("answered", () => this.#alive());
    document.addEventListener("visibilitychange", () => this.#tick());
  }

  /** @param {{expires_at: string, idle_expires_at?: string}} session */
  start(session) {
    this.hardEnds = Date.parse(session.expires_at);
    this.idleEnds = session.idle_expires_at
      ? Date.parse(session.idle_expires_at)
      : serverNow() + this.idleSeconds * 1000;
    clearInterval(this.timer);
    this.timer = setInterval(() => this.#tick(), 1000);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.#close();
  }

  get #secondsLeft() {
    return (Math.min(this.idleEnds, this.hardEnds) - serverNow()) / 1000;
  }

  #alive() {
    if (!this.timer) return;
    this.idleEnds = serverNow() + this.idleSeconds * 1000;
    if (this.#secondsLeft > WARN_S) this.#close();
  }

  #tick() {
    if (!this.timer) return;
    const left = this.#secondsLeft;
    if (left <= 0) {
      this.stop();
      this.onEnd();
    } else if (left <= WARN_S) {
      this.#warn(left);
    }
  }

  #warn(left) {
    if (this.dialog === null) this.#open();
    this.countdown.textContent = formatCountdown(left);
  }

  #open() {
    const hard = this.hardEnds <= this.idleEnds;
    const stay = button(gettext("I'm still here"), {
      variant: "primary",
      testid: "session-stay",
      on: { click: () => this.#stay() },
    });
    this.countdown = h("strong", { class: "session-dialog__clock", "aria-hidden": "true" });
    this.dialog = document.getElementById("session-dialog");
    fillWith(
      this.dialog,
      icon("clock", "icon--large"),
      h(
        "h2",
        { id: "session-title" },
        hard ? gettext("You will be asked for a new code soon") : gettext("Are you still here?"),
      ),
      h(
        "p",
        { id: "session-text" },
        hard
          ? gettext("For your safety a login lasts one day. Everything you entered is saved.")
          : gettext("For your safety we will log you out soon. Everything you entered is saved."),
      ),
      h("p", {}, this.countdown),
      stay,
    );
    this.dialog.addEventListener("cancel", () => this.#stay(), { once: true });
    if (!this.dialog.open) this.dialog.showModal();
  }

  async #stay() {
    this.#close();
    try {
      const session = await api.session();
      this.start(session);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) {
        this.stop();
        this.onEnd();
      }
    }
  }

  #close() {
    if (!this.dialog) return;
    if (this.dialog.open) this.dialog.close();
    this.dialog = null;
  }
}
