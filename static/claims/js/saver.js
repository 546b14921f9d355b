import { ApiError, api } from "./api.js";
import { deviceStorage } from "./storage.js";
import { valueIn } from "./store.js";

const TYPING_PAUSE_MS = 700;
const BACKOFF_S = [2, 4, 8, 15, 30];

/** @typedef {"idle"|"saving"|"saved"|"offline"|"refused"} SaveState */

/**
 * Saves answers as one types. Whatever is not on the server yet is kept on the device, survives a reload and is
 * sent when the network is back. Events: `state`, `errors` (a field was refused or is fine again), `conflict`
 * (another device changed the same field; detail: attrs), `closed` (the claim can no longer be edited).
 */
export class Saver extends EventTarget {
  /** @param {import("./store.js").ClaimStore} store */
  constructor(store) {
    super();
    this.store = store;
    /** @type {Map<string, any>} not sent yet */
    this.pending = new Map();
    /** @type {Map<string, any>} on the way */
    this.inFlight = new Map();
    /** @type {Map<string, string>} what the server refused, by attribute */
    this.errors = new Map();
    /** @type {Map<string, any>} the values it refused: they stay on the page to be corrected */
    this.refused = new Map();
    /** @type {SaveState} */
    this.state = "idle";
    /** @type {Date|null} */
    this.savedAt = null;
    /** The last try met no network, rather than a server in trouble. */
    this.cutOff = false;
    this.failures = 0;
    this.timer = 0;
    this.running = null;
    addEventListener("online", () => this.#sendSoon(0));
  }

  /** What the person sees: the unsent value if there is one, else the server's. */
  valueOf(attr) {
    if (this.pending.has(attr)) return this.pending.get(attr);
    if (this.inFlight.has(attr)) return this.inFlight.get(attr);
    if (this.refused.has(attr)) return this.refused.get(attr);
    return this.store.valueOf(attr);
  }

  get unsent() {
    return this.pending.size + this.inFlight.size > 0;
  }

  /** Takes a new value; `now` for a choice, otherwise after a pause in typing. */
  set(attr, value, { now = false, pauseMs = TYPING_PAUSE_MS } = {}) {
    this.refused.delete(attr);
    if (this.errors.delete(attr)) this.#tell("errors");
    if (sameValue(this.valueOf(attr), value)) return;
    this.pending.set(attr, value);
    this.#keep();
    this.#become(navigator.onLine ? "saving" : "offline");
    this.#sendSoon(now ? 0 : pauseMs);
  }

  /** Takes up what an earlier visit could not send for this claim. */
  resume() {
    this.pending.clear();
    this.errors.clear();
    this.refused.clear();
    this.savedAt = this.store.claim ? new Date(this.store.claim.updated_at) : null;
    const kept = deviceStorage.read(this.#key()) ?? {};
    for (const [attr, value] of Object.entries(kept)) this.pending.set(attr, value);
    this.#become(this.pending.size ? "saving" : this.savedAt ? "saved" : "idle");
    if (this.pending.size) this.#sendSoon(0);
  }

  /** Sends what is left now. @returns {Promise<boolean>} true when everything typed is on the server */
  async flush() {
    clearTimeout(this.timer);
    while (this.pending.size || this.running) {
      const before = this.failures;
      await (this.running ?? this.#send());
      if (this.failures > before) return false;
    }
    return true;
  }

  /** Another call of the API saved something: the shown time follows. */
  noteSaved() {
    this.savedAt = new Date();
    if (!this.unsent) this.#become("saved");
  }

  #key() {
    return `pending.${this.store.number}`;
  }

  #keep() {
    const rest = Object.fromEntries([...this.inFlight, ...this.pending]);
    if (Object.keys(rest).length) deviceStorage.write(this.#key(), rest);
    else deviceStorage.drop(this.#key());
  }

  #tell(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** @param {SaveState} state */
  #become(state) {
    this.state = state;
    this.#tell("state");
  }

  #sendSoon(delayMs) {
    clearTimeout(this.timer);
    if (this.pending.size) this.timer = setTimeout(() => this.#send(), delayMs);
  }

  #send() {
    this.running ??= this.#sendOnce().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  async #sendOnce() {
    if (!this.pending.size || !this.store.claim) return;
    const { number, version } = this.store.claim;
    this.inFlight = this.pending;
    this.pending = new Map();
    this.#become("saving");
    try {
      const claim = await this.#deliver(number, this.inFlight, version);
      this.inFlight = new Map();
      this.failures = 0;
      this.savedAt = new Date();
      this.#keep();
      this.store.take(claim);
      this.#become(this.pending.size ? "saving" : this.errors.size ? "refused" : "saved");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.pending = new Map([...this.inFlight, ...this.pending]);
      const sent = this.inFlight;
      this.inFlight = new Map();
      await this.#recover(error, sent);
    }
    if (this.pending.size && this.failures === 0) this.#sendSoon(0);
  }

  /** The description has a call of its own; everything else goes as one PATCH. @returns {Promise<any>} the claim after it */
  async #deliver(number, values, version) {
    const { description, ...body } = patchBody(values);
    const patched = Object.keys(body).length ? await api.claimPatch(number, body, version) : null;
    if (description === undefined) return patched;
    if (patched) this.store.take(patched);
    await api.describe(number, description);
    return api.claim(number);
  }

  /** @param {ApiError} error @param {Map<string, any>} sent */
  async #recover(error, sent) {
    if (error.status === 412) return this.#merge(sent);
    if (error.status === 400) return this.#refuse(error, sent);
    if (error.status === 409 || error.status === 404) {
      this.pending.clear();
      this.#keep();
      this.#become("idle");
      return this.#tell("closed", error);
    }
    this.failures += 1;
    this.cutOff = error.status === 0;
    this.#keep();
    this.#become("offline");
    const wait = error.retryAfter ?? BACKOFF_S[Math.min(this.failures, BACKOFF_S.length) - 1];
    // After a 401 the person logs in again first; `resume` sends the rest.
    if (error.status !== 401) this.#sendSoon(wait * 1000);
  }

  /** The claim moved on elsewhere: take the new one, keep what was typed here on top of it, and send again. */
  async #merge(sent) {
    const before = this.store.claim;
    try {
      const fresh = await api.claim(before.number);
      const touched = [...sent.keys()].filter((attr) => !sameValue(valueIn(before, attr), valueIn(fresh, attr)));
      this.store.take(fresh);
      if (touched.length) this.#tell("conflict", touched);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failures += 1;
      this.#become("offline");
      this.#sendSoon(BACKOFF_S[0] * 1000);
    }
  }

  /** The server refused fields by name: they are shown beside the field and the others are sent again. */
  #refuse(error, sent) {
    let matched = 0;
    for (const { attr, detail } of error.errors) {
      const name = [...sent.keys()].find(
        (key) => key === attr || attr?.startsWith(`${key}.`) || key === `answers.${attr}`,
      );
      if (!name) continue;
      matched += 1;
      this.errors.set(name, detail);
      this.refused.set(name, sent.get(name));
      if (sameValue(this.pending.get(name), sent.get(name))) this.pending.delete(name);
    }
    if (!matched) {
      for (const [attr, value] of sent) {
        this.errors.set(attr, error.message);
        this.refused.set(attr, value);
        this.pending.delete(attr);
      }
    }
    this.#keep();
    this.#become("refused");
    this.#tell("errors");
  }
}

/** @param {Map<string, any>} values */
function patchBody(values) {
  const body = {};
  for (const [attr, value] of values) {
    if (attr.startsWith("answers.")) (body.answers ??= {})[attr.slice(8)] = value;
    else body[attr] = value;
  }
  return body;
}

/** Equal in meaning: an empty text and no value are the same. */
export function sameValue(left, right) {
  return JSON.stringify(left === "" ? null : (left ?? null)) === JSON.stringify(right === "" ? null : (right ?? null));
}
