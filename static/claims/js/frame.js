import { button, fillWith, focusOn, h, whileBusy } from "./dom.js";
import { ErrorSummary } from "./fields.js";
import { fill, gettext } from "./i18n.js";

/**
 * What one step gives to be framed.
 * @typedef {object} View
 * @property {string} key
 * @property {string} title
 * @property {string} [lead]
 * @property {Node} body
 * @property {import("./fields.js").Field[]} [fields]
 * @property {string|null} [continueLabel] null: the step has no button to go on
 * @property {string} [backLabel]
 * @property {Node[]} [actions] more buttons beside Continue
 * @property {HTMLElement} [firstFocus] takes the focus instead of the heading
 * @property {() => Promise<import("./fields.js").Problem[]|null>} [proceed] what stops the person from going on; empty: go on,
 *   null: stay, or the step has moved on by itself
 * @property {boolean} [mayGoOn] problems don't have to be solved right now
 * @property {(problems: import("./fields.js").Problem[]) => {title?: string, laterLabel?: string}} [ask] words of its own
 *   for what stops the person
 * @property {() => boolean} [stillAsks] what was pointed out is neither missing nor settled
 * @property {boolean} [single] one field only: the focus goes to it, and its error is told there
 * @property {(claim: any) => void} [update]
 * @property {() => void} [dispose]
 */

/**
 * Draws a step: where one is, the heading, what is wrong, the step itself and the way on and back.
 */
export class Frame {
  /**
   * @param {View} view
   * @param {{place?: {index: number, total: number}, onDone: () => void, onBack?: (() => void)|null}} options
   */
  constructor(view, { place, onDone, onBack }) {
    this.view = view;
    this.summary = new ErrorSummary();
    this.heading = h("h1", { class: "step__title", id: "step-title", tabindex: "-1" }, view.title);
    this.onDone = onDone;
    this.submit =
      view.continueLabel === null
        ? null
        : button(view.continueLabel ?? gettext("Continue"), { variant: "primary", testid: "continue", type: "submit" });
    const back =
      onBack &&
      button(view.backLabel ?? gettext("Back"), {
        variant: "quiet",
        iconName: "arrow-left",
        testid: "back",
        on: { click: onBack },
      });
    const actions = h("div", { class: "actions step__actions" }, back, view.actions ?? [], this.submit);
    // A press must not blur the field first: a hint that then comes or goes would move the button from under the pointer.
    actions.addEventListener("mousedown", (event) => event.preventDefault());
    this.el = h(
      "form",
      {
        class: `step step--${view.key}`,
        novalidate: true,
        testid: `step-${view.key}`,
        "aria-labelledby": "step-title",
        on: { submit: (event) => this.#submitted(event) },
      },
      place && progress(place),
      this.heading,
      view.lead && h("p", { class: "step__lead" }, view.lead),
      this.summary.el,
      h("div", { class: "step__body" }, view.body),
      actions,
    );
  }

  /** Puts the step on the page and the focus where reading begins. */
  mount(container, { focus = true } = {}) {
    fillWith(container, this.el);
    document.title = `${this.view.title} – Claimdesk`;
    if (!focus) return;
    scrollTo({ top: 0 });
    if (this.view.firstFocus) this.view.firstFocus.focus();
    else focusOn(this.heading, { scroll: false });
  }

  /** A newer claim: the step follows; what was missing and is there now is no longer told. */
  update(claim) {
    this.view.update?.(claim);
    const step = claim.steps.find((candidate) => candidate.key === this.view.key);
    if (this.view.mayGoOn && step && !step.missing.length && !this.#isUnsettled())
      this.summary.clear();
  }

  #isUnsettled() {
    return Boolean(this.el.querySelector("[aria-invalid]") || this.view.stillAsks?.());
  }

  async #submitted(event) {
    event.preventDefault();
    await whileBusy(this.submit ?? this.el, async () => {
      this.summary.clear();
      for (const field of this.view.fields ?? []) field.setError(null);
      const problems = this.view.proceed ? await this.view.proceed() : [];
      if (problems === null) return;
      if (problems.length) this.#explain(problems);
      else this.onDone();
    });
  }

  #explain(problems) {
    const title = this.view.mayGoOn ? gettext("Something is still missing") : gettext("Please check this");
    if (this.view.single) {
      problems[0].focus();
      return;
    }
    const later = this.view.mayGoOn ? this.onDone : undefined;
    this.summary.show(problems, { title, later, ...this.view.ask?.(problems) });
  }
}

function progress({ index, total }) {
  const words = fill(gettext("Step %(index)s of %(total)s"), { index, total });
  return h(
    "div",
    { class: "progress" },
    h("p", { class: "progress__words", testid: "progress" }, words),
    h("progress", { class: "progress__bar", max: total, value: index, "aria-label": words }),
  );
}
