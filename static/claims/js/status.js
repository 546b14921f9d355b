import { ApiError, api, apiEvents } from "./api.js";
import { announce, button, fillWith, focusOn, h, notice } from "./dom.js";
import { formatBytes, formatDateTime } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { LiveLink } from "./live.js";
import { login } from "./login_page.js";
import { RequestList } from "./requests.js";
import { SessionWatch } from "./session.js";
import { SlotList } from "./slots.js";
import { links, missingNotice, registrationRows, timelineRow } from "./status_parts.js";
import { ClaimStore } from "./store.js";
import { UploadQueue } from "./uploads.js";

const TONES = {
  approved: "success",
  paid: "success",
  rejected: "danger",
  needs_documents: "attention",
  withdrawn: "muted",
  draft: "attention",
};

/** Of what was asked for and has come, nothing is left to do. */
function tone({ status, missing_count }) {
  return status === "needs_documents" && !missing_count ? "info" : (TONES[status] ?? "info");
}

const LOOK_MS = 30_000; // while it is being registered: that it takes long is no event, so nothing tells it

/** The page of a claim after it was sent: lives on, shows what is missing, takes more documents. */
class StatusPage {
  constructor() {
    this.app = document.getElementById("app");
    this.number = decodeURIComponent(location.pathname.split("/")[2]);
    this.store = new ClaimStore();
    this.parts = null;
    this.live = null;
    this.asking = false;
    this.store.addEventListener("change", (event) => this.#draw(event.detail));
    addEventListener("hashchange", () => this.#jump());
    apiEvents.addEventListener("unauthorized", () =>
      this.#login(gettext("Your session has ended. Please enter the code again.")),
    );
  }

  async start() {
    try {
      this.definition = await api.definition();
      this.watch = new SessionWatch({
        idleSeconds: this.definition.limits.session_idle_seconds,
        onEnd: () => this.#login(gettext("Your session has ended. Please enter the code again.")),
      });
      this.watch.start(await api.session());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) return this.#login("");
      return this.#failed(error);
    }
    await this.#open();
    this.#jump();
    return undefined;
  }

  /** To the document that a link names (`#slot-ticket`). @returns {boolean} whether there is one */
  #jump(key = /^#slot-(.+)$/.exec(location.hash)?.[1]) {
    if (!key || !this.parts || !this.slots.shown.has(key)) return false;
    this.slots.focus(key);
    return true;
  }

  async #open() {
    try {
      this.store.take(await api.claim(this.number));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status !== 401) this.#failed(error);
      return;
    }
    this.uploads?.resume();
    this.live ??= new LiveLink({
      number: this.number,
      onHint: (version) => (version === null || version > this.store.claim.version) && this.refresh(),
      onState: (live) => this.#showLive(live),
    });
    this.looking ??= setInterval(() => this.#look(), LOOK_MS);
  }

  #look() {
    if (this.live && !document.hidden && this.store.claim?.registration.state === "in_progress") this.refresh();
  }

  async refresh() {
    try {
      this.store.take(await api.claim(this.number));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!error.temporary && error.status !== 401) this.#failed(error);
    }
  }

  #login(reason) {
    if (this.asking) return;
    this.asking = true;
    this.watch.stop();
    this.live?.close();
    this.live = null;
    this.parts = null;
    this.slots?.dispose();
    this.store.forget();
    login(this.app, {
      reason,
      number: this.number,
      codeLength: this.definition.limits.code_length,
      onLoggedIn: async () => {
        this.asking = false;
        this.watch.start(await api.session());
        await this.#open();
        if (!this.#jump()) focusOn(this.app.querySelector("h1"));
      },
    });
  }

  #failed(error) {
    const gone = error.status === 404;
    this.live?.close();
    fillWith(
      this.app,
      h(
        "h1",
        { class: "step__title" },
        gone ? gettext("There is no such claim under your number") : gettext("The page could not be loaded"),
      ),
      gone
        ? h("p", { class: "step__lead" }, gettext("Perhaps it was reported from another phone."))
        : notice("danger", error.message),
      h(
        "div",
        { class: "actions" },
        gone
          ? h("a", { class: "button button--primary", href: "/" }, gettext("To my claims"))
          : button(gettext("Try again"), { variant: "primary", on: { click: () => location.reload() } }),
      ),
    );
  }

  #draw(claim) {
    if (!this.parts) this.#build(claim);
    const { badge, title, when, registration, missing, timeline, actions } = this.parts;
    const before = badge.textContent;
    title.textContent = claim.event_title || gettext("Your claim");
    badge.className = `badge badge--large badge--${tone(claim)}`;
    badge.dataset.status = claim.status;
    badge.textContent = claim.status_label;
    if (before && before !== claim.status_label)
      announce(fill(gettext("The status is now: %(status)s"), { status: claim.status_label }));
    const saidBelow = claim.registration.state !== "none";
    when.textContent =
      claim.submitted_at && !saidBelow
        ? fill(gettext("Sent on %(when)s"), { when: formatDateTime(claim.submitted_at) })
        : "";
    fillWith(registration, registrationRows(claim));
    if (this.told !== undefined && this.told !== claim.registration.text) announce(claim.registration.text);
    this.told = claim.registration.text;
    this.requests.update(claim);
    fillWith(missing, missingNotice(claim, (key) => this.#jump(key)));
    fillWith(timeline, [...claim.timeline].reverse().map(timelineRow));
    fillWith(actions, links(claim));
    this.uploads.settleLost(claim);
    this.slots.update();
    document.title = `${claim.number} – ${claim.status_label}`;
  }

  #build(claim) {
    this.uploads ??= this.#makeUploads();
    this.slots = new SlotList({ store: this.store, uploads: this.uploads, refresh: () => this.refresh() });
    // What is typed there and not sent outlives a login.
    this.requests ??= new RequestList({
      store: this.store,
      currencies: this.definition.currencies,
      onJump: (key) => this.#jump(key),
      onAnswered: () => focusOn(this.app.querySelector("h1")),
    });
    const parts = {
      title: h("h1", { class: "step__title", tabindex: "-1" }),
      badge: h("span", { testid: "claim-status" }),
      when: h("p", { class: "muted" }),
      live: h("p", { class: "live", testid: "live" }),
      registration: h("div", { class: "stack", testid: "registration" }),
      missing: h("div", { class: "stack", testid: "missing" }),
      timeline: h("ol", { class: "timeline", testid: "timeline" }),
      actions: h("div", { class: "actions actions--start" }),
    };
    this.parts = parts;
    fillWith(
      this.app,
      h(
        "header",
        { class: "status__head" },
        h("p", { class: "status__number", testid: "claim-number" }, claim.number),
        parts.title,
        h("div", { class: "status__line" }, parts.badge, parts.live),
        parts.when,
      ),
      this.requests.el,
      parts.missing,
      parts.registration,
      parts.actions,
      h(
        "section",
        { class: "stack" },
        h("h2", { class: "subtitle" }, gettext("Your documents")),
        claim.can.upload &&
          h(
            "p",
            { class: "muted" },
            fill(gettext("You can add more at any time, up to %(most)s each."), {
              most: formatBytes(this.definition.limits.max_file_bytes),
            }),
          ),
        this.slots.el,
      ),
      h(
        "section",
        { class: "stack" },
        h("h2", { class: "subtitle" }, gettext("What has happened so far")),
        parts.timeline,
      ),
    );
    this.#showLive(false);
  }

  #makeUploads() {
    const uploads = new UploadQueue({
      url: api.documentsUrl(this.number),
      number: this.number,
      limits: this.definition.limits,
    });
    uploads.addEventListener("stored", (event) => {
      announce(`${event.detail.name}: ${gettext("received")}`);
      this.refresh();
    });
    return uploads;
  }

  #showLive(live) {
    if (!this.parts) return;
    this.parts.live.dataset.live = String(live);
    fillWith(
      this.parts.live,
      h("span", { class: "live__dot" }),
      live ? gettext("This page updates itself") : gettext("Looking for news every 15 seconds"),
    );
  }
}

new StatusPage().start();
