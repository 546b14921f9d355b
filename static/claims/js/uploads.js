import { apiEvents, errorFrom, uniqueKey } from "./api.js";
import { formatBytes } from "./format.js";
import { fill, gettext, language } from "./i18n.js";
import { tabStorage } from "./storage.js";

const PARALLEL = 2;
const STALLED_MS = 60_000;
const CHECKING_MS = 180_000;
const BACKOFF_S = [2, 5, 10, 20];

/**
 * One file on its way. `waiting`: no network, goes on by itself; `failed`: tells why, with a retry when that can help;
 * `lost`: the page was reloaded before it arrived, so the file has to be chosen again. `replaces`: the document that it
 * is sent instead of.
 * @typedef {{id: string, slot: string, name: string, size: number, replaces: string, file: File|null, sent: number, tries: number,
 *   state: "queued"|"sending"|"checking"|"waiting"|"failed"|"lost", error: string, canRetry: boolean, xhr: XMLHttpRequest|null}} Upload
 */

/**
 * Sends files of a claim, two at a time, each under its own Idempotency-Key, so that a repeated try stores it once.
 * Events: `change` (something about the rows), `stored` (detail: the Document with `replaces`).
 */
export class UploadQueue extends EventTarget {
  /** @param {{url: string, number: string, limits: {max_file_bytes: number}}} options */
  constructor({ url, number, limits }) {
    super();
    this.url = url;
    this.number = number;
    this.limits = limits;
    this.storageKey = `uploads.${number}`;
    /** @type {Upload[]} */
    this.rows = (tabStorage.read(this.storageKey) ?? []).map((kept) => ({ ...blank(kept), state: "lost" }));
    this.paused = false;
    addEventListener("online", () => this.resume());
    addEventListener("beforeunload", (event) => {
      if (this.busy) event.preventDefault();
    });
    apiEvents.addEventListener("unauthorized", () => (this.paused = true));
  }

  /** How many files have not arrived yet. */
  get moving() {
    return this.rows.filter(isMoving).length;
  }

  get busy() {
    return this.moving > 0;
  }

  /** @param {string} slot */
  busyFor(slot) {
    return this.of(slot).some(isMoving);
  }

  /** @param {string} slot */
  of(slot) {
    return this.rows.filter((row) => row.slot === slot);
  }

  /** @param {{key: string, accepts: string[]}} slot @param {Iterable<File>} files @param {string} [replaces] */
  add(slot, files, replaces = "") {
    for (const file of files) {
      const row = blank({ id: uniqueKey(), slot: slot.key, name: file.name, size: file.size, replaces, file });
      this.rows = this.rows.filter((lost) => lost.state !== "lost" || !isSameFile(lost, row));
      const refusal = this.#refusal(slot, file);
      if (refusal) Object.assign(row, { state: "failed", error: refusal, canRetry: false });
      this.rows.push(row);
    }
    this.#changed();
    this.#next();
  }

  /**
   * Compares what a reload has lost with what the claim holds: a file whose answer alone was lost has arrived.
   * @param {any} claim
   */
  settleLost(claim) {
    if (claim.number !== this.number) return;
    const documents = claim.slots.flatMap((slot) => slot.documents);
    for (const row of this.rows.filter(({ state }) => state === "lost")) {
      const stored = documents.find((document) => document.id !== row.replaces && isSameFile(document, row));
      if (!stored) continue;
      this.rows = this.rows.filter((candidate) => candidate !== row);
      this.#changed();
      this.#stored(stored, row);
    }
  }

  /** Stops the upload, or puts a failed one out of sight. */
  cancel(id) {
    const row = this.rows.find((candidate) => candidate.id === id);
    if (!row) return;
    this.rows = this.rows.filter((candidate) => candidate !== row);
    row.xhr?.abort();
    this.#changed();
    this.#next();
  }

  retry(id) {
    const row = this.rows.find((candidate) => candidate.id === id);
    if (!row?.file) return;
    Object.assign(row, { state: "queued", error: "", tries: 0 });
    this.#changed();
    this.#next();
  }

  /** Goes on with what waits: the network is back, or the person has logged in again. */
  resume() {
    this.paused = false;
    for (const row of this.rows) if (row.state === "waiting") row.state = "queued";
    this.#changed();
    this.#next();
  }

  #refusal(slot, file) {
    if (file.size === 0) return gettext("This file is empty. Please choose another one.");
    if (file.size > this.limits.max_file_bytes) {
      const most = formatBytes(this.limits.max_file_bytes);
      return fill(gettext("This file is larger than %(most)s. Please choose a smaller one."), { most });
    }
    const kind = kindOf(file);
    if (kind && slot.accepts.length && !slot.accepts.includes(kind)) {
      return fill(gettext("Files of this kind can't be taken here. Please send %(kinds)s."), {
        kinds: kindsInWords(slot.accepts),
      });
    }
    return "";
  }

  #changed() {
    const unfinished = this.rows
      .filter((row) => row.state !== "failed")
      .map(({ id, slot, name, size, replaces }) => ({ id, slot, name, size, replaces }));
    if (unfinished.length) tabStorage.write(this.storageKey, unfinished);
    else tabStorage.drop(this.storageKey);
    this.dispatchEvent(new Event("change"));
  }

  #next() {
    const running = this.rows.filter((row) => row.xhr).length;
    if (this.paused) return;
    for (const row of this.rows.filter((candidate) => candidate.state === "queued").slice(0, PARALLEL - running))
      this.#send(row);
  }

  /** @param {Upload} row */
  #send(row) {
    const xhr = new XMLHttpRequest();
    let watchdog = 0;
    const watch = (limitMs) => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => xhr.abort(), limitMs);
    };
    Object.assign(row, { state: "sending", sent: 0, error: "", xhr });
    xhr.upload.onprogress = (event) => {
      row.sent = event.loaded / event.total;
      watch(STALLED_MS);
      this.dispatchEvent(new CustomEvent("progress", { detail: row }));
    };
    xhr.upload.onload = () => {
      row.state = "checking";
      watch(CHECKING_MS);
      this.#changed();
    };
    xhr.onloadend = () => {
      clearTimeout(watchdog);
      row.xhr = null;
      if (this.rows.includes(row)) this.#settle(row, xhr);
      this.#next();
    };
    const body = new FormData();
    body.append("slot", row.slot);
    body.append("file", row.file, row.name);
    xhr.open("POST", this.url);
    xhr.setRequestHeader("Accept", "application/json");
    xhr.setRequestHeader("Accept-Language", language);
    xhr.setRequestHeader("Idempotency-Key", row.id);
    xhr.send(body);
    watch(STALLED_MS);
    this.#changed();
  }

  #stored(document, { replaces }) {
    this.dispatchEvent(new CustomEvent("stored", { detail: { ...document, replaces } }));
  }

  /** @param {Upload} row @param {XMLHttpRequest} xhr */
  #settle(row, xhr) {
    if (xhr.status >= 200 && xhr.status < 300) {
      this.rows = this.rows.filter((candidate) => candidate !== row);
      apiEvents.dispatchEvent(new Event("answered"));
      this.#changed();
      this.#stored(JSON.parse(xhr.responseText), row);
      return;
    }
    const error = errorFrom(xhr.status, xhr.responseText, xhr.status ? xhr.getResponseHeader("Retry-After") : null);
    row.tries += 1;
    if (error.status === 401) {
      row.state = "waiting";
      apiEvents.dispatchEvent(new Event("unauthorized"));
    } else if (isWorthWaiting(error) && row.tries <= BACKOFF_S.length) {
      Object.assign(row, {
        state: "waiting",
        error: error.status === 0 ? "" : gettext("We could not take it just now. It goes on by itself."),
      });
      const wait = error.retryAfter ?? BACKOFF_S[row.tries - 1];
      setTimeout(() => row.state === "waiting" && navigator.onLine && this.resume(), wait * 1000);
    } else {
      Object.assign(row, { state: "failed", error: error.message, canRetry: isWorthWaiting(error) });
    }
    this.#changed();
  }
}

/** @returns {Upload} */
function blank(known) {
  return { replaces: "", file: null, sent: 0, tries: 0, state: "queued", error: "", canRetry: false, xhr: null, ...known };
}

/** @param {Upload} row */
const isMoving = (row) => ["queued", "sending", "checking", "waiting"].includes(row.state);

/** @param {{slot: string, name: string, size: number}} one @param {{slot: string, name: string, size: number}} other */
const isSameFile = (one, other) =>
  one.slot === other.slot && one.size === other.size && one.name.normalize() === other.name.normalize();

/** @param {import("./api.js").ApiError} error */
const isWorthWaiting = (error) => error.temporary || error.status === 429 || error.status === 408;

const KINDS = {
  pdf: { extensions: ["pdf"], types: ["application/pdf"], title: "PDF" },
  jpeg: { extensions: ["jpg", "jpeg"], types: ["image/jpeg"], title: "JPEG" },
  png: { extensions: ["png"], types: ["image/png"], title: "PNG" },
  heic: { extensions: ["heic", "heif"], types: ["image/heic", "image/heif"], title: "HEIC" },
};

/** The kind by type or name; an unlisted known type gives its type, nothing at all gives null: then the server decides. */
function kindOf(file) {
  const extension = file.name.split(".").pop().toLowerCase();
  const known = Object.entries(KINDS).find(
    ([, kind]) => kind.types.includes(file.type) || kind.extensions.includes(extension),
  );
  return known?.[0] ?? (file.type || null);
}

const kindsInWords = (accepts) => accepts.map((name) => KINDS[name]?.title ?? name.toUpperCase()).join(", ");

/** The `accept` of a file input. Images as a whole, so that a phone offers its camera beside its files. */
export function acceptOf(accepts) {
  const images = accepts.some((name) => name !== "pdf");
  const parts = [
    images && "image/*",
    accepts.includes("heic") && ".heic,.heif",
    accepts.includes("pdf") && "application/pdf,.pdf",
  ];
  return parts.filter(Boolean).join(",");
}

/** Whether a photograph can be a document of this slot. */
export const takesPhotos = (accepts) => accepts.includes("jpeg");
