/**
 * Each step is an address (`/?step=documents`), so that the browser's back goes one step back and a reload stays.
 * Fires `step` (detail: the key) when the step changes.
 */
export class Router extends EventTarget {
  constructor() {
    super();
    addEventListener("popstate", () => this.#tell());
  }

  /** @returns {string|null} */
  get step() {
    return new URLSearchParams(location.search).get("step");
  }

  /** The claim that a link asks for, if any (`/?claim=CLM-…`). */
  get claimNumber() {
    return new URLSearchParams(location.search).get("claim");
  }

  /** @param {string} step */
  href(step) {
    return `/?step=${encodeURIComponent(step)}`;
  }

  /** Writes the step that is shown into the address, instead of the one that was asked for. */
  correct(step) {
    history.replaceState({ from: history.state?.from ?? null }, "", this.href(step));
  }

  go(step, { replace = false } = {}) {
    if (replace) this.correct(step);
    else if (step !== this.step) history.pushState({ from: this.step }, "", this.href(step));
    this.#tell();
  }

  /** One step back: by the browser's own history when that is where it leads, so no loop grows. */
  back(step) {
    if (history.state?.from === step) history.back();
    else this.go(step, { replace: true });
  }

  #tell() {
    this.dispatchEvent(new CustomEvent("step", { detail: this.step }));
  }
}
