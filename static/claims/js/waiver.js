import { ApiError, api } from "./api.js";
import { announce, button, fillWith, h, icon, whileBusy } from "./dom.js";
import { Field } from "./fields.js";
import { fill, gettext } from "./i18n.js";
import { waivedText } from "./states.js";

const NOTE_MOST = 500; // characters, as the API takes them

const REASONS = () => [
  { value: "lost", label: gettext("It is lost") },
  { value: "cannot_get", label: gettext("I can't get it") },
  { value: "not_applicable", label: gettext("It does not apply to me") },
];

/**
 * "I don't have this" of one slot: a quiet link that opens three reasons, and the way back once it is said.
 */
export class Waiver {
  /**
   * @param {any} slot
   * @param {{store: import("./store.js").ClaimStore, onChanged: () => void}} options `onChanged`: the slot was folded or
   *   unfolded by the person, whose focus has to go somewhere
   */
  constructor(slot, { store, onChanged }) {
    this.slot = slot;
    this.store = store;
    this.onChanged = onChanged;
    this.panel = null;
    const id = `waiver-${slot.key}`;
    this.link = h(
      "button",
      {
        type: "button",
        class: "link",
        testid: `waive-${slot.key}`,
        "aria-expanded": "false",
        "aria-controls": id,
        "aria-label": fill(gettext("I don't have this: %(title)s"), { title: slot.title }),
        on: { click: () => (this.panel ? this.#close() : this.#open()) },
      },
      gettext("I don't have this"),
    );
    this.place = h("div", { id, class: "waiver__place", hidden: true });
    this.words = h("p", { class: "waiver__words", testid: "waived" });
    this.noted = h("p", { class: "waiver__note", testid: "waiver-note", hidden: true });
    this.change = button(gettext("Change"), {
      variant: "quiet",
      testid: `waiver-change-${slot.key}`,
      "aria-expanded": "false",
      "aria-controls": id,
      "aria-label": fill(gettext("Change what you told us: %(title)s"), { title: slot.title }),
      on: { click: () => (this.panel ? this.#close() : this.#open()) },
    });
    this.back = button("", { variant: "quiet", testid: `found-${slot.key}`, on: { click: () => this.#takeBack() } });
    this.error = h("p", { class: "field__error", hidden: true });
    this.folded = h(
      "div",
      { class: "waiver__folded", hidden: true },
      h("div", { class: "waiver__said" }, this.words, this.noted),
      h("div", { class: "waiver__ways" }, this.change, this.back),
      this.error,
    );
    this.el = h("div", { class: "waiver" }, this.folded, this.link, this.place);
  }

  /** @param {any} slot @param {boolean} empty nothing that fits is in it or on its way to it */
  update(slot, empty) {
    this.slot = slot;
    const text = waivedText(slot);
    const open = Boolean(slot.can_waive) && (Boolean(text) || empty);
    if (!open && this.panel) this.#close({ focus: false });
    this.link.hidden = !open || Boolean(text);
    this.folded.hidden = !text;
    this.noted.textContent = slot.waived_note;
    this.noted.hidden = !slot.waived_note;
    this.change.hidden = !open;
    if (text) fillWith(this.words, icon("info"), h("span", {}, text));
    this.back.lastChild.textContent =
      slot.waived === "lost" ? gettext("I have found it") : gettext("I can send it after all");
    this.back.hidden = !text || slot.waived === "staff";
    this.el.hidden = this.link.hidden && this.folded.hidden;
  }

  #open() {
    const attr = `waiver.${this.slot.key}`;
    this.reason = new Field({
      attr: `${attr}.reason`,
      kind: "choice",
      label: gettext("Why don't you have it?"),
      help: gettext("The claim goes on without it. You can still send it later."),
      required: true,
      choices: REASONS(),
      onChange: () => {},
    });
    this.note = new Field({
      attr: `${attr}.note`,
      kind: "long_text",
      label: gettext("What should we know about it?"),
      max: NOTE_MOST,
      onChange: () => {},
    });
    this.note.target.rows = 2;
    const confirm = button(gettext("Confirm"), { variant: "tonal", testid: "waive-confirm" });
    confirm.addEventListener("click", () => this.#confirm(confirm));
    const cancel = button(gettext("Cancel"), {
      variant: "quiet",
      testid: "waive-cancel",
      on: { click: () => this.#close() },
    });
    this.panel = h(
      "div",
      { class: "waiver__panel", on: { keydown: (event) => this.#keyed(event, confirm) } },
      this.reason.el,
      this.note.el,
      h("div", { class: "actions actions--start" }, confirm, cancel),
    );
    this.reason.value = this.slot.waived || null;
    this.note.value = this.slot.waived_note;
    fillWith(this.place, this.panel);
    this.place.hidden = false;
    this.#opener.setAttribute("aria-expanded", "true");
    const { control } = this.reason;
    (control.querySelector("input:checked") ?? control.querySelector("input")).focus();
  }

  get #opener() {
    return this.slot.state === "waived" ? this.change : this.link;
  }

  #close({ focus = true } = {}) {
    this.panel = null;
    this.place.replaceChildren();
    this.place.hidden = true;
    for (const opener of [this.link, this.change]) opener.setAttribute("aria-expanded", "false");
    if (focus) this.#opener.focus();
  }

  /** Enter confirms here and does not send the step around it. */
  #keyed(event, confirm) {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.#close();
    } else if (event.key === "Enter" && event.target.matches("input")) {
      event.preventDefault();
      confirm.click();
    }
  }

  #confirm(control) {
    const reason = this.reason.value;
    if (!reason) {
      this.reason.setError(gettext("Please choose what fits best."));
      return this.reason.focus();
    }
    const note = this.note.value;
    return whileBusy(control, () =>
      this.#send(() => api.waive(this.store.number, this.slot.key, { reason, ...(note ? { note } : {}) }), {
        said: gettext("Noted: you don't have “%(title)s”. The claim goes on without it."),
        refused: (text) => this.reason.setError(text),
      }),
    );
  }

  #takeBack() {
    return whileBusy(this.back, () =>
      this.#send(() => api.waiveNot(this.store.number, this.slot.key), {
        said: gettext("You can send “%(title)s” now."),
        refused: (text) => {
          fillWith(this.error, icon("alert"), h("span", {}, text));
          this.error.hidden = false;
        },
      }),
    );
  }

  async #send(call, { said, refused }) {
    try {
      this.store.take(await call());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return refused(error.status === 0 ? gettext("No network. Please press once more when it is back.") : error.message);
    }
    this.error.hidden = true;
    if (this.panel) this.#close({ focus: false });
    announce(fill(said, { title: this.slot.title }));
    return this.onChanged();
  }
}
