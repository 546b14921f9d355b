import { gettext, language } from "./i18n.js";

const BASE = "/api/v1";
const TIMEOUT_MS = 25_000;

/** An answer that is not 2xx, or no answer at all (`status` 0). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {{code: string, detail: string, attr: string|null}[]} errors
   * @param {number|null} retryAfter seconds
   */
  constructor(status, errors, retryAfter = null) {
    super(errors[0]?.detail ?? `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }

  /** No answer, or the server is in trouble: the same call may succeed later. */
  get temporary() {
    return this.status === 0 || this.status >= 500;
  }

  /** @param {string} code */
  has(code) {
    return this.errors.some((error) => error.code === code);
  }
}

/** `unauthorized` when a session has ended; `answered` after each answer that proves the session alive. */
export const apiEvents = new EventTarget();

let skewMs = 0;

/** The server's clock as far as its answers tell it: a phone's clock may be hours off. Milliseconds since the epoch. */
export const serverNow = () => Date.now() + skewMs;

/** Reads the error shape of the API; an answer in another shape (a proxy's page) becomes one plain sentence. */
export function errorFrom(status, text, retryAfter) {
  const wait = Number.parseInt(retryAfter ?? "", 10);
  let errors = [];
  try {
    errors = JSON.parse(text).errors ?? [];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (!errors.length) {
    const detail = status
      ? gettext("Something went wrong on our side. Please try again in a minute.")
      : gettext("No network. Check the connection and try again.");
    errors = [{ code: status ? "server_error" : "network", detail, attr: null }];
  }
  return new ApiError(status, errors, Number.isFinite(wait) ? wait : null);
}

/**
 * @param {string} method
 * @param {string} path below /api/v1
 * @param {{body?: object, headers?: Record<string, string>, quiet?: boolean}} [options] `quiet`: a 401 is an answer, not an alarm
 * @throws {ApiError}
 */
async function request(method, path, { body, headers = {}, quiet = false } = {}) {
  let response;
  let text;
  try {
    response = await fetch(BASE + path, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      headers: {
        Accept: "application/json",
        "Accept-Language": language,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
    const date = Date.parse(response.headers.get("Date") ?? "");
    if (Number.isFinite(date)) skewMs = date - Date.now();
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException) throw errorFrom(0, "", null);
    throw error;
  }
  if (response.ok) {
    apiEvents.dispatchEvent(new Event("answered"));
    return text ? JSON.parse(text) : null;
  }
  const failure = errorFrom(response.status, text, response.headers.get("Retry-After"));
  if (response.status === 401 && !quiet) apiEvents.dispatchEvent(new Event("unauthorized"));
  throw failure;
}

const claimPath = (number) => `/intake/claims/${encodeURIComponent(number)}`;

const waiverPath = (number, slot) => `${claimPath(number)}/slots/${encodeURIComponent(slot)}/waiver`;

/** The calls of the public API, one function each; every one may throw ApiError. */
export const api = {
  definition: () => request("GET", "/intake/definition"),
  smsSend: (phone) => request("POST", "/sms/send", { body: { phone }, quiet: true }),
  smsVerify: (phone, code) => request("POST", "/sms/verify", { body: { phone, code }, quiet: true }),
  session: () => request("GET", "/intake/session", { quiet: true }),
  sessionEnd: () => request("POST", "/intake/session/end", { quiet: true }),
  claims: () => request("GET", "/intake/claims"),
  claimCreate: () => request("POST", "/intake/claims", { body: {} }),
  claim: (number) => request("GET", claimPath(number)),
  claimPatch: (number, changes, version) =>
    request("PATCH", claimPath(number), { body: changes, headers: { "If-Match": `"${version}"` } }),
  describe: (number, text) => request("POST", "/claims/description", { body: { session_id: number, text } }),
  policyCheck: (number, policy) => request("POST", `${claimPath(number)}/policy`, { body: { number: policy } }),
  documentDelete: (number, id) => request("DELETE", `${claimPath(number)}/documents/${encodeURIComponent(id)}`),
  documentKeep: (number, id) => request("POST", `${claimPath(number)}/documents/${encodeURIComponent(id)}/keep`, {}),
  waive: (number, slot, body) => request("PUT", waiverPath(number, slot), { body }),
  waiveNot: (number, slot) => request("DELETE", waiverPath(number, slot)),
  answer: (number, answers) => request("PATCH", claimPath(number), { body: { answers } }),
  requisites: (number, body) => request("PUT", `${claimPath(number)}/requisites`, { body }),
  requisitesCode: (number) => request("POST", `${claimPath(number)}/requisites/code`, {}),
  requisitesConfirm: (number, code) => request("POST", `${claimPath(number)}/requisites/confirm`, { body: { code } }),
  submit: (number, consents, key) =>
    request("POST", `${claimPath(number)}/submit`, { body: { consents }, headers: { "Idempotency-Key": key } }),
  documentsUrl: (number) => `${BASE}${claimPath(number)}/documents`,
  receiptUrl: (number) => `${BASE}${claimPath(number)}/receipt.pdf?lang=${language}`,
};

/** A string nobody else has, for an Idempotency-Key (`crypto.randomUUID` exists on https only). */
export function uniqueKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
