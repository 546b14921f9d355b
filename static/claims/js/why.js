import { fillWith, h } from "./dom.js";
import { fill, gettext } from "./i18n.js";

/**
 * Why a document or a question is asked beyond the form: a reason, and the person's own words that led to it.
 * Nothing for what the form asks of everyone.
 */
export class WhyAsked {
  constructor() {
    this.el = h("div", { class: "why", testid: "why-asked", hidden: true });
    this.shown = "";
  }

  /**
   * @param {{origin?: string, reason?: string, evidence?: string, why?: string, title?: string, label?: string}} asked
   *   a slot or a question of the API
   */
  update({ origin, reason, evidence, why, title, label }) {
    const beyond = origin && origin !== "form";
    const lines = [
      beyond && reason !== why && beyondTitle(reason, title ?? label),
      beyond && evidence && fill(gettext("Because you wrote: «%(words)s»"), { words: evidence }),
    ].filter(Boolean);
    const shown = JSON.stringify(lines);
    if (shown === this.shown) return;
    this.shown = shown;
    this.el.hidden = !lines.length;
    fillWith(
      this.el,
      lines.map((line) => h("p", {}, line)),
    );
  }
}

/** A reason in staff's words without its first line, where that is the title already. */
export function beyondTitle(reason, title) {
  const [first, ...rest] = (reason ?? "").trim().split("\n");
  return first.trim() === title ? rest.join("\n").trim() : reason;
}
