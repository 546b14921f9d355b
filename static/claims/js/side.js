import { fillWith, h, icon } from "./dom.js";
import { formatDateTime, formatTime } from "./format.js";
import { fill, gettext, ngettext } from "./i18n.js";

/** Where the person is, what is done, until when the draft is kept. */
export function drawSteps(container, { steps, current, router, onLogout }) {
  const rows = steps.map((step, index) => {
    const here = step.key === current;
    const inside = [
      h("span", { class: "steps__mark" }, mark(step, index)),
      h(
        "span",
        { class: "steps__title" },
        step.title,
        h("span", { class: "visually-hidden" }, ` (${stateWords(step)})`),
      ),
    ];
    const follow = (event) => {
      event.preventDefault();
      router.go(step.key);
    };
    return h(
      "li",
      { class: "steps__item", dataset: { state: step.state } },
      step.open
        ? h(
            "a",
            {
              class: "steps__link",
              href: router.href(step.key),
              "aria-current": here ? "step" : null,
              on: { click: follow },
              testid: `nav-${step.key}`,
            },
            inside,
          )
        : h("span", { class: "steps__link", "aria-current": here ? "step" : null }, inside),
    );
  });
  const logout = h(
    "button",
    { type: "button", class: "link", testid: "logout", on: { click: onLogout } },
    gettext("Log out on this device"),
  );
  fillWith(container, h("ol", { class: "steps" }, rows), onLogout && h("p", { class: "side__logout" }, logout));
}

function mark(step, index) {
  if (step.state === "done") return icon("check");
  if (step.state === "attention") return icon("alert");
  return String(index + 1);
}

function stateWords(step) {
  if (step.state === "done") return gettext("done");
  if (step.state === "attention") return gettext("needs your attention");
  return gettext("to do");
}

/** The saved state, always in sight; only trouble and its end are said to screen readers. */
export class SaveState {
  /**
   * @param {HTMLElement} el
   * @param {{saver: import("./saver.js").Saver, filesOnTheirWay: () => number, announce: (text: string) => void}} options
   */
  constructor(el, { saver, filesOnTheirWay, announce }) {
    this.el = el;
    this.saver = saver;
    this.filesOnTheirWay = filesOnTheirWay;
    this.announce = announce;
    this.trouble = false;
    saver.addEventListener("state", () => this.draw());
    addEventListener("offline", () => this.draw());
    addEventListener("online", () => this.draw());
  }

  draw() {
    const [look, iconName, words] = this.#words();
    this.el.hidden = !words;
    this.el.dataset.state = look;
    fillWith(this.el, icon(iconName), h("span", {}, words));
    const trouble = look === "offline" || look === "refused";
    if (trouble !== this.trouble) this.announce(words);
    this.trouble = trouble;
  }

  #words() {
    const { state, savedAt } = this.saver;
    const files = this.filesOnTheirWay();
    if (state === "offline" || !navigator.onLine) {
      // Answers are kept on the device; a file lives in this tab only.
      const wait = files ? gettext("Files that are not sent yet wait on this page: please keep it open.") : "";
      return ["offline", "cloud-off", wait ? `${this.#keptWords()}. ${wait}` : this.#keptWords()];
    }
    if (state === "saving") return ["saving", "refresh", gettext("Saving…")];
    if (state === "refused") return ["refused", "alert", gettext("An answer could not be saved – please check it")];
    if (files)
      return [
        "saving",
        "refresh",
        fill(ngettext("%(count)s file on its way", "%(count)s files on their way", files), { count: files }),
      ];
    if (savedAt) return ["saved", "cloud-check", fill(gettext("Saved %(time)s"), { time: formatTime(savedAt) })];
    return ["idle", "cloud-check", ""];
  }

  #keptWords() {
    const { state, unsent, cutOff } = this.saver;
    if (state === "offline" && navigator.onLine && !cutOff) {
      return gettext("Not saved yet – kept on this device, will be sent");
    }
    return unsent
      ? gettext("No network – kept on this device, will be sent")
      : gettext("No network – answers are kept on this device");
  }
}

/** "Kept until 23 November, 14:02" for a draft. */
export function drawExpiry(el, claim) {
  const draft = claim?.can.edit && claim.expires_at;
  el.hidden = !draft;
  if (draft)
    fillWith(
      el,
      icon("clock"),
      h("span", {}, fill(gettext("Kept until %(when)s"), { when: formatDateTime(claim.expires_at) })),
    );
}
