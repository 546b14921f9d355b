import { announce, fillWith, h, icon } from "./dom.js";
import { fill, gettext } from "./i18n.js";

/** One quiet line: the description is being looked at, or which kind of event it is taken for. It never blocks. */
export class AdviceLine {
  /** @param {{types?: {code: string, title: string}[]}} [options] `types`: tell which of them was advised */
  constructor({ types = [] } = {}) {
    this.titles = new Map(types.map((type) => [type.code, type.title]));
    this.el = h("p", { class: "advice", testid: "advice", hidden: true });
    this.state = null;
  }

  /** @param {any} claim */
  update(claim) {
    const advised = isAdvised(claim) ? (this.titles.get(claim.event_type) ?? "") : "";
    const asked = claim.advice?.state === "asked";
    const state = advised || (asked ? "asked" : "");
    if (state === this.state) return;
    const text = advised ? fill(gettext("We think this is: %(title)s."), { title: advised }) : "";
    if (advised && this.state !== null) announce(text);
    this.state = state;
    this.el.hidden = !state;
    this.el.dataset.state = advised ? "advised" : "asked";
    fillWith(
      this.el,
      icon(advised ? "check-circle" : "clock"),
      h("span", {}, text || gettext("We are looking at what you wrote…")),
    );
  }
}

/** The kind of event stands as the adviser chose it. */
export const isAdvised = (claim) => Boolean(claim.advice?.event_type_advised && claim.event_type);
