import { ApiError, api } from "./api.js";
import { askFirst } from "./ask.js";
import { announce, fillWith, h, icon, reconcile, whileBusy } from "./dom.js";
import { filePickers, takeDrops } from "./file_pick.js";
import { documentRow, uploadRow } from "./file_rows.js";
import { fieldId } from "./fields.js";
import { fill, gettext } from "./i18n.js";
import { documentState, slotState } from "./states.js";
import { Waiver } from "./waiver.js";
import { WhyAsked } from "./why.js";

/** States of a document that a person waits for; the others are on the way to them. */
const FOUND = ["accepted", "doubtful", "rejected"];

function badge(slot, uploading) {
  const [tone, words] = slotState(slot, uploading);
  return h("span", { class: `badge badge--${tone}`, dataset: { state: uploading ? "uploading" : slot.state } }, words);
}

/**
 * All document slots of a claim: files that are there, files on their way, and the ways to add more.
 */
export class SlotList {
  /**
   * @param {{store: import("./store.js").ClaimStore, uploads: import("./uploads.js").UploadQueue,
   *   refresh: () => Promise<void>}} options
   */
  constructor({ store, uploads, refresh }) {
    this.store = store;
    this.uploads = uploads;
    this.refresh = refresh;
    this.el = h("div", { class: "slots", testid: "slots" });
    /** @type {Map<string, Slot>} */
    this.shown = new Map();
    /** @type {Map<string, string>|null} states of documents that are on the page or were said */
    this.said = null;
    this.stop = new AbortController();
    const { signal } = this.stop;
    uploads.addEventListener("change", () => this.update(), { signal });
    uploads.addEventListener("progress", (event) => this.shown.get(event.detail.slot)?.progress(event.detail), {
      signal,
    });
    this.update();
  }

  update() {
    const slots = this.store.claim?.slots ?? [];
    reconcile(
      this.el,
      slots,
      (slot) => slot.key,
      this.shown,
      (slot) => new Slot(slot, this),
    );
    this.#tell(slots.flatMap((slot) => slot.documents));
  }

  /** @param {string} key */
  focus(key) {
    this.shown.get(key)?.focus();
  }

  /** Says to screen readers what was found of documents since; what a page begins with is not news. */
  #tell(documents) {
    const before = this.said;
    this.said = new Map(documents.map(({ id, state }) => [id, state]));
    if (!before) return;
    const found = documents.filter(({ id, state }) => FOUND.includes(state) && before.get(id) !== state);
    if (found.length) announce(found.map(foundText).join(" "));
  }

  dispose() {
    this.stop.abort();
  }
}

function foundText(document) {
  return [`${document.name}: ${documentState(document)[1]}.`, document.reason].filter(Boolean).join(" ");
}

class Slot {
  /** @param {any} slot @param {SlotList} list */
  constructor(slot, list) {
    this.list = list;
    this.slot = slot;
    /** The rejected document that the next file is chosen instead of. */
    this.replaced = "";
    /** @type {string|null} the kind of event for which more files were chosen than go here */
    this.fullFor = null;
    const titleId = `slot-${slot.key}`;
    this.title = h("h2", { class: "slot__title", id: titleId }, slot.title);
    this.about = h("div", { class: "slot__about" });
    this.why = new WhyAsked();
    this.waiver = new Waiver(slot, { store: list.store, onChanged: () => this.focus() });
    this.badge = h("span", {});
    this.error = h("p", { class: "field__error", hidden: true });
    this.documents = h("ul", {
      class: "files",
      "aria-label": fill(gettext("Files: %(title)s"), { title: slot.title }),
    });
    this.uploads = h("ul", {
      class: "files",
      "aria-label": fill(gettext("On their way: %(title)s"), { title: slot.title }),
    });
    const onFiles = (files) => this.#add(files);
    this.adders = filePickers(slot, { onFiles, onCancel: () => (this.replaced = "") });
    this.el = h(
      "section",
      {
        class: "slot card",
        id: fieldId(`documents.${slot.key}`),
        "aria-labelledby": titleId,
        testid: `slot-${slot.key}`,
        tabindex: "-1",
      },
      h("div", { class: "slot__head" }, this.title, this.badge),
      this.about,
      this.why.el,
      this.error,
      this.documents,
      this.uploads,
      this.adders,
      this.waiver.el,
    );
    /** @type {Map<string, any>} */
    this.documentRows = new Map();
    /** @type {Map<string, any>} */
    this.uploadRows = new Map();
    takeDrops(this.el, { open: () => !this.adders.hidden, onFiles });
    this.update(slot);
  }

  update(slot) {
    this.slot = slot;
    const rows = this.list.uploads.of(slot.key);
    const uploading = this.list.uploads.busyFor(slot.key);
    const waived = slot.state === "waived";
    const quiet = waived || (!slot.required && !uploading && slot.state === "waiting");
    fillWith(this.badge, quiet ? [] : badge(slot, uploading));
    this.el.dataset.state = slot.state;
    this.#describe(slot, waived);
    this.adders.hidden = (waived && !rows.length) || this.#room() < 1 || !this.list.store.claim.can.upload;
    // What was too many then need not be any more.
    if (this.fullFor !== null && this.fullFor !== this.list.store.claim.event_type) this.setError(null);
    this.#updateFiles(slot, rows);
    this.waiver.update(slot, !this.#good().length && !uploading);
  }

  /** A paper that is not to be had is folded: what it was asked for no longer matters, nor does it once it is accepted. */
  #describe(slot, waived) {
    const shown = [slot.title, slot.required, slot.why, slot.accepts_note].join("\n");
    if (shown !== this.described) {
      this.described = shown;
      this.title.textContent = slot.title;
      fillWith(
        this.about,
        !slot.required && h("p", { class: "slot__optional" }, gettext("Helpful, but not required")),
        slot.why && h("p", { class: "slot__why" }, slot.why),
        slot.accepts_note && h("p", { class: "slot__note" }, slot.accepts_note),
      );
    }
    this.about.hidden = waived || !this.about.hasChildNodes();
    this.why.update(waived || slot.state === "accepted" ? {} : slot);
  }

  #updateFiles(slot, rows) {
    reconcile(
      this.documents,
      slot.documents,
      (document) => document.id,
      this.documentRows,
      (document) => this.#document(document),
    );
    reconcile(
      this.uploads,
      rows,
      (row) => row.id,
      this.uploadRows,
      (row) => this.#upload(row),
    );
    this.documents.hidden = !slot.documents.length;
    this.uploads.hidden = !rows.length;
  }

  /** What counts: a rejected file leaves its place to a better one. */
  #good() {
    return this.slot.documents.filter((document) => document.state !== "rejected");
  }

  /** The one file of this slot, if it was rejected: whatever comes now comes instead of it, where it may be removed. */
  #onlyRejected() {
    const [only, more] = this.slot.documents;
    return this.list.store.claim.can.edit && only?.state === "rejected" && !more ? only.id : "";
  }

  #room() {
    const moving = this.list.uploads.of(this.slot.key).filter((row) => row.state !== "failed" && row.state !== "lost");
    return this.slot.max_files - this.#good().length - moving.length;
  }

  /** @param {string|null} text */
  setError(text) {
    fillWith(this.error, ...(text ? [icon("alert"), h("span", {}, text)] : []));
    this.error.hidden = !text;
    this.fullFor = null;
  }

  focus() {
    const another = "[data-testid=document-replace]:not([hidden])";
    const replace = this.slot.state === "rejected" ? this.documents.querySelector(another) : null;
    (replace ?? (this.adders.hidden ? this.el : this.adders.querySelector("input"))).focus({ preventScroll: true });
    this.el.scrollIntoView({ block: "start" });
  }

  /** @param {import("./uploads.js").Upload} row */
  progress(row) {
    this.uploadRows.get(row.id)?.update(row);
  }

  #add(files) {
    this.setError(null);
    const taken = [...files].slice(0, Math.max(0, this.#room()));
    this.list.uploads.add(this.slot, taken, this.replaced || this.#onlyRejected());
    this.replaced = "";
    if (taken.length < files.length) {
      this.setError(fill(gettext("No more than %(count)s files go here."), { count: this.slot.max_files }));
      this.fullFor = this.list.store.claim.event_type;
    }
    if (taken.length)
      announce(fill(gettext("Sending: %(names)s"), { names: taken.map((file) => file.name).join(", ") }));
  }

  #upload(row) {
    const { uploads } = this.list;
    const onCancel = () => {
      this.setError(null);
      uploads.cancel(row.id);
      this.focus();
    };
    return uploadRow(row, { onRetry: () => uploads.retry(row.id), onCancel });
  }

  #document(first) {
    const { store } = this.list;
    const can = () => ({
      remove: store.claim.can.edit,
      replace: store.claim.can.upload && this.#room() > 0 && this.slot.waived !== "staff",
      waived: this.slot.state === "waived",
      filled: !["rejected", "waived"].includes(this.slot.state),
    });
    return documentRow(first, {
      can,
      onRemove: (control) => this.#remove(first, control),
      onReplace: () => this.#replace(first.id),
      onKeep: (control) => this.#keep(first, control),
    });
  }

  /** Opens the choice of a file; the one that is chosen takes the place of the rejected one, where it may be removed. */
  #replace(id) {
    this.replaced = this.list.store.claim.can.edit ? id : "";
    this.adders.querySelector("input").click();
  }

  #keep(document, control) {
    return whileBusy(control, async () => {
      try {
        await api.documentKeep(this.list.store.number, document.id);
        announce(fill(gettext("Kept: %(name)s. A person will look at it."), { name: document.name }));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return this.setError(error.message);
      }
      await this.list.refresh();
      this.el.focus({ preventScroll: true });
      return undefined;
    });
  }

  #remove(document, control) {
    const question = fill(gettext("Remove “%(name)s” from the claim?"), { name: document.name });
    askFirst(question, gettext("Remove"), () =>
      whileBusy(control, async () => {
        try {
          await api.documentDelete(this.list.store.number, document.id);
          this.setError(null);
          announce(fill(gettext("Removed: %(name)s"), { name: document.name }));
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          if (error.status !== 404) return this.setError(error.message);
        }
        await this.list.refresh();
        this.focus();
        return undefined;
      }),
    );
  }
}
