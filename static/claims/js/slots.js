import { ApiError, api } from "./api.js";
import { askFirst } from "./ask.js";
import { announce, fillWith, h, icon, notice, reconcile, whileBusy } from "./dom.js";
import { documentRow, stateOf, uploadRow } from "./file_rows.js";
import { fieldId } from "./fields.js";
import { fill, gettext } from "./i18n.js";
import { acceptOf, takesPhotos } from "./uploads.js";

function badge(state) {
  const [tone, words] = stateOf(state);
  return h("span", { class: `badge badge--${tone}`, dataset: { state } }, words);
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
  }

  dispose() {
    this.stop.abort();
  }
}

class Slot {
  /** @param {any} slot @param {SlotList} list */
  constructor(slot, list) {
    this.list = list;
    this.slot = slot;
    const titleId = `slot-${slot.key}`;
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
    this.adders = h("div", { class: "slot__add" }, this.#input("file"), this.#input("camera"), this.#dropHint());
    this.el = h(
      "section",
      {
        class: "slot card",
        id: fieldId(`documents.${slot.key}`),
        "aria-labelledby": titleId,
        testid: `slot-${slot.key}`,
        tabindex: "-1",
      },
      h("div", { class: "slot__head" }, h("h2", { class: "slot__title", id: titleId }, slot.title), this.badge),
      !slot.required && h("p", { class: "slot__optional" }, gettext("Helpful, but not required")),
      slot.why && h("p", { class: "slot__why" }, slot.why),
      slot.accepts_note && h("p", { class: "slot__note" }, slot.accepts_note),
      this.error,
      this.documents,
      this.uploads,
      this.adders,
    );
    /** @type {Map<string, any>} */
    this.documentRows = new Map();
    /** @type {Map<string, any>} */
    this.uploadRows = new Map();
    this.#takeDrops();
    this.update(slot);
  }

  update(slot) {
    this.slot = slot;
    const rows = this.list.uploads.of(slot.key);
    const full =
      slot.documents.length + rows.filter((row) => row.state !== "failed" && row.state !== "lost").length >=
      slot.max_files;
    fillWith(this.badge, slot.required || slot.state !== "waiting" ? badge(slot.state) : []);
    this.el.dataset.state = slot.state;
    this.adders.hidden = full || !this.list.store.claim.can.upload;
    reconcile(
      this.documents,
      slot.documents,
      (document) => document.id,
      this.documentRows,
      (document) =>
        documentRow(document, {
          canRemove: () => this.list.store.claim.can.edit,
          onRemove: (control) => this.#remove(document, control),
        }),
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

  /** @param {string|null} text */
  setError(text) {
    fillWith(this.error, ...(text ? [icon("alert"), h("span", {}, text)] : []));
    this.error.hidden = !text;
  }

  focus() {
    (this.adders.hidden ? this.el : this.adders.querySelector("input")).focus({ preventScroll: true });
    this.el.scrollIntoView({ block: "start" });
  }

  /** @param {import("./uploads.js").Upload} row */
  progress(row) {
    this.uploadRows.get(row.id)?.update(row);
  }

  #add(files) {
    this.setError(null);
    const room = this.slot.max_files - this.slot.documents.length - this.list.uploads.of(this.slot.key).length;
    const taken = [...files].slice(0, Math.max(0, room));
    this.list.uploads.add(this.slot, taken);
    if (taken.length < files.length) {
      this.setError(fill(gettext("No more than %(count)s files go here."), { count: this.slot.max_files }));
    }
    if (taken.length)
      announce(fill(gettext("Sending: %(names)s"), { names: taken.map((file) => file.name).join(", ") }));
  }

  #input(kind) {
    if (kind === "camera" && !takesPhotos(this.slot.accepts)) return null;
    const id = `${kind}-${this.slot.key}`;
    const camera = kind === "camera";
    const input = h("input", {
      type: "file",
      id,
      class: "filepick__input",
      testid: id,
      accept: camera ? "image/*" : acceptOf(this.slot.accepts),
      capture: camera ? "environment" : null,
      multiple: !camera && this.slot.max_files > 1,
      "aria-label": fill(camera ? gettext("Take a photo: %(title)s") : gettext("Choose a file: %(title)s"), {
        title: this.slot.title,
      }),
    });
    input.addEventListener("change", () => {
      this.#add(input.files);
      input.value = "";
    });
    const words = camera ? gettext("Take a photo") : gettext("Choose a file");
    const look = `filepick filepick--${kind} button button--${camera ? "tonal" : "secondary"}`;
    return h("label", { class: look, for: id }, input, icon(camera ? "camera" : "upload"), h("span", {}, words));
  }

  #dropHint() {
    return h("span", { class: "slot__drop" }, gettext("or drop files here"));
  }

  #takeDrops() {
    const over = (event) => {
      if (!event.dataTransfer?.types.includes("Files") || this.adders.hidden) return;
      event.preventDefault();
      this.el.classList.add("slot--over");
    };
    this.el.addEventListener("dragenter", over);
    this.el.addEventListener("dragover", over);
    this.el.addEventListener("dragleave", (event) => {
      if (!this.el.contains(event.relatedTarget)) this.el.classList.remove("slot--over");
    });
    this.el.addEventListener("drop", (event) => {
      this.el.classList.remove("slot--over");
      if (this.adders.hidden || !event.dataTransfer?.files.length) return;
      event.preventDefault();
      this.#add(event.dataTransfer.files);
    });
  }

  #upload(row) {
    const { uploads } = this.list;
    const onCancel = () => {
      uploads.cancel(row.id);
      this.focus();
    };
    return uploadRow(row, { onRetry: () => uploads.retry(row.id), onCancel });
  }

  #remove(document, control) {
    const question = fill(gettext("Remove “%(name)s” from the claim?"), { name: document.name });
    askFirst(question, gettext("Remove"), () =>
      whileBusy(control, async () => {
        try {
          await api.documentDelete(this.list.store.number, document.id);
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

/** What staff asked for since, newest first. */
export function requestNotices(claim) {
  const titles = new Map(claim.slots.map((slot) => [slot.key, slot.title]));
  return claim.requests.map(({ slot, text }) => {
    const title = titles.get(slot) ?? gettext("We need something from you");
    const jump =
      titles.has(slot) &&
      h(
        "p",
        {},
        h("a", { href: `#${fieldId(`documents.${slot}`)}`, class: "notice__link" }, gettext("Go to this document")),
      );
    return notice("attention", title, h("p", {}, text), jump);
  });
}
