import { button, fillWith, h, icon } from "./dom.js";
import { gettext } from "./i18n.js";

/**
 * A question or an attribute as the page draws it.
 * @typedef {object} FieldSpec
 * @property {string} attr the PATCH name: `event_date`, `answers.flight_number`
 * @property {"text"|"long_text"|"number"|"date"|"choice"|"yes_no"|"phone"|"money"|"email"} kind
 * @property {string} label
 * @property {string} [help]
 * @property {boolean} [required]
 * @property {{value: string, label: string}[]} [choices]
 * @property {string[]} [currencies]
 * @property {number|string|null} [min]
 * @property {number|string|null} [max] the largest number, the last date, or the longest text
 * @property {string} [autocomplete]
 * @property {string} [inputmode]
 * @property {(value: any, options: {now: boolean}) => void} onChange
 */

/** Ids hold no dots, so that they can be used in selectors too. */
export const fieldId = (attr) => `f-${attr.replaceAll(".", "-")}`;

/** Seven or more choices are a list to pick from, fewer are cards. */
const MANY_CHOICES = 7;

/**
 * One labelled control with its help, its hint and its error beside it.
 */
export class Field {
  /** @param {FieldSpec} spec */
  constructor(spec) {
    this.spec = spec;
    this.attr = spec.attr;
    this.id = fieldId(spec.attr);
    const { control, read, write, target } = CONTROLS[spec.kind]?.(this) ?? CONTROLS.text(this);
    this.control = control;
    this.read = read;
    this.write = write;
    /** @type {HTMLElement} takes the focus and the ARIA attributes */
    this.target = target ?? control;
    this.grouped = control.tagName === "FIELDSET";
    this.hint = h("p", { class: "field__hint", id: `${this.id}-hint`, hidden: true });
    this.error = h("p", { class: "field__error", id: `${this.id}-error`, hidden: true });
    this.el = this.#draw();
    this.#describe();
  }

  get value() {
    return this.read();
  }

  set value(value) {
    this.write(value);
  }

  /** Takes the server's value unless the person is in the field right now. */
  sync(value) {
    if (!this.el.contains(document.activeElement)) this.write(value);
  }

  /** @param {string|null} text */
  setError(text) {
    this.refused = text ? JSON.stringify(this.value) : null;
    this.#message(this.error, text, "alert");
    this.el.classList.toggle("field--invalid", Boolean(text));
    for (const control of this.grouped ? this.control.querySelectorAll("input") : [this.target]) {
      if (text) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    }
    this.#describe();
  }

  /** A word of help as one types; `good` when the value looks right. @param {string|null} text */
  setHint(text, good = false) {
    this.#message(this.hint, text, good ? "check-circle" : "info");
    this.hint.classList.toggle("field__hint--good", good);
    this.#describe();
  }

  focus() {
    const target = this.grouped ? this.control.querySelector("input:checked, input, select") : this.target;
    target?.focus();
    this.el.scrollIntoView({ block: "center" });
  }

  /** The person changed the value: what was wrong with the old one no longer stands beside it. Leaving it changes nothing. */
  changed(options) {
    if (!this.error.hidden && JSON.stringify(this.value) !== this.refused) this.setError(null);
    this.spec.onChange(this.value, options);
  }

  #message(element, text, iconName) {
    fillWith(element, ...(text ? [icon(iconName), h("span", {}, text)] : []));
    element.hidden = !text;
  }

  #describe() {
    const ids = [
      this.spec.help && `${this.id}-help`,
      !this.hint.hidden && this.error.hidden && this.hint.id,
      !this.error.hidden && this.error.id,
    ];
    const described = ids.filter(Boolean).join(" ");
    for (const control of this.grouped ? [this.control] : [this.target]) {
      if (described) control.setAttribute("aria-describedby", described);
      else control.removeAttribute("aria-describedby");
    }
  }

  #draw() {
    const { label, help, required } = this.spec;
    const optional = required ? null : h("span", { class: "field__optional" }, gettext("optional"));
    const helpText = help && h("p", { class: "field__help", id: `${this.id}-help` }, help);
    const props = {
      class: `field field--${this.spec.kind}`,
      testid: `field-${this.attr}`,
      dataset: { attr: this.attr },
    };
    if (this.grouped) {
      this.control.prepend(h("legend", { class: "field__label" }, label, " ", optional), helpText ?? "");
      this.control.append(this.hint, this.error);
      return h("div", props, this.control);
    }
    const caption = h("label", { class: "field__label", for: this.target.id }, label, " ", optional);
    return h("div", props, caption, helpText, this.control, this.hint, this.error);
  }
}

/** The attributes that every input of a field shares. */
function inputProps(field, extra = {}) {
  const { spec } = field;
  return {
    id: field.id,
    class: "input",
    autocomplete: spec.autocomplete ?? "off",
    inputmode: spec.inputmode,
    "aria-required": spec.required ? "true" : null,
    ...extra,
  };
}

/** While typing, and once more on leaving. */
function reportChanges(field, input) {
  input.addEventListener("input", () => field.changed({ now: false }));
  input.addEventListener("change", () => field.changed({ now: true }));
}

/** An input whose value is its text; an empty one is null. */
function textControl(field, props, { clean = (text) => text } = {}) {
  const input = h("input", inputProps(field, props));
  const read = () => (input.value.trim() === "" ? null : clean(input.value.trim()));
  reportChanges(field, input);
  return { control: input, read, write: (value) => (input.value = value ?? "") };
}

/** Radio buttons drawn as cards. */
function radioControl(field, choices, { parse = (value) => value } = {}) {
  const inputs = choices.map((choice, index) =>
    h("input", {
      type: "radio",
      id: `${field.id}-${index}`,
      name: field.id,
      value: String(choice.value),
      testid: `${field.attr}-${choice.value}`,
      on: { change: () => field.changed({ now: true }) },
    }),
  );
  const rows = choices.map((choice, index) =>
    h(
      "label",
      { class: "choice", for: `${field.id}-${index}` },
      inputs[index],
      h("span", { class: "choice__label" }, choice.label),
    ),
  );
  const row = choices.length === 2 && choices.every((choice) => choice.label.length < 16);
  const control = h(
    "fieldset",
    { class: "fieldset", id: field.id },
    h("div", { class: row ? "choices choices--row" : "choices" }, rows),
  );
  return {
    control,
    read: () => {
      const checked = inputs.find((input) => input.checked);
      return checked ? parse(checked.value) : null;
    },
    write: (value) =>
      inputs.forEach(
        (input) => (input.checked = value !== null && value !== undefined && input.value === String(value)),
      ),
  };
}

function selectControl(field) {
  const select = h(
    "select",
    inputProps(field, { on: { change: () => field.changed({ now: true }) } }),
    h("option", { value: "" }, gettext("Choose…")),
    field.spec.choices.map((choice) => h("option", { value: choice.value }, choice.label)),
  );
  return {
    control: h("span", { class: "select" }, select),
    target: select,
    read: () => select.value || null,
    write: (value) => (select.value = value ?? ""),
  };
}

function longTextControl(field) {
  const area = h("textarea", inputProps(field, { rows: 4, maxlength: field.spec.max, class: "input input--area" }));
  const read = () => area.value.trim() || null;
  reportChanges(field, area);
  return { control: area, read, write: (value) => (area.value = value ?? "") };
}

/** An amount and its currency, one value `{amount, currency}`. */
function moneyControl(field) {
  const currencies = field.spec.currencies?.length ? field.spec.currencies : ["RUB"];
  const amount = h("input", inputProps(field, { inputmode: "decimal" }));
  const currency = h(
    "select",
    { class: "input", "aria-label": gettext("Currency"), id: `${field.id}-currency` },
    currencies.map((code) => h("option", { value: code }, code)),
  );
  const read = () => {
    const text = decimal(amount.value);
    return text ? { amount: text, currency: currency.value } : null;
  };
  reportChanges(field, amount);
  currency.addEventListener("change", () => field.changed({ now: true }));
  return {
    control: h("div", { class: "input-row" }, amount, h("span", { class: "select select--short" }, currency)),
    target: amount,
    read,
    write: (value) => {
      amount.value = value?.amount ?? "";
      if (value?.currency) currency.value = value.currency;
    },
  };
}

/** A number as people type it (spaces, comma) as the decimal text that the API takes. */
const decimal = (text) => text.replace(/\s/g, "").replace(",", ".");

/** @type {Record<string, (field: Field) => {control: HTMLElement, target?: HTMLElement, read: () => any, write: (value: any) => void}>} */
const CONTROLS = {
  text: (field) => textControl(field, { type: "text", maxlength: field.spec.max }),
  email: (field) =>
    textControl(field, { type: "email", inputmode: "email", autocapitalize: "off", spellcheck: "false" }),
  phone: (field) => textControl(field, { type: "tel", inputmode: "tel" }),
  number: (field) => textControl(field, { type: "text", inputmode: "decimal" }, { clean: decimal }),
  date: (field) => textControl(field, { type: "date", min: field.spec.min, max: field.spec.max }),
  long_text: longTextControl,
  money: moneyControl,
  choice: (field) =>
    field.spec.choices.length >= MANY_CHOICES ? selectControl(field) : radioControl(field, field.spec.choices),
  yes_no: (field) =>
    radioControl(
      field,
      [
        { value: "true", label: gettext("Yes") },
        { value: "false", label: gettext("No") },
      ],
      { parse: (value) => value === "true" },
    ),
};

/**
 * What is wrong, on top of the step, each line a link to its field. @typedef {{attr: string|null, text: string, focus?: () => void}} Problem
 */
export class ErrorSummary {
  constructor() {
    this.el = h("div", {
      class: "summary",
      testid: "error-summary",
      tabindex: "-1",
      role: "group",
      "aria-labelledby": "summary-title",
      hidden: true,
    });
  }

  /**
   * @param {Problem[]} problems
   * @param {{title: string, later?: () => void, laterLabel?: string}} options `later` offers to go on and come back
   */
  show(problems, { title, later, laterLabel = gettext("Go on, I'll fill this in later") }) {
    const lines = problems.map(({ attr, text, focus }) => h("li", {}, focus ? this.#link(attr, text, focus) : text));
    fillWith(
      this.el,
      icon("alert"),
      h(
        "div",
        { class: "summary__body" },
        h("h2", { id: "summary-title", class: "summary__title" }, title),
        h("ul", { class: "summary__list" }, lines),
        later && button(laterLabel, { testid: "later", on: { click: later } }),
      ),
    );
    this.el.hidden = false;
    this.el.focus({ preventScroll: true });
    this.el.scrollIntoView({ block: "start" });
  }

  clear() {
    this.el.hidden = true;
    this.el.replaceChildren();
  }

  /** A link by name, but the step's address stays: the focus moves instead. */
  #link(attr, text, focus) {
    const follow = (event) => {
      event.preventDefault();
      focus();
    };
    return h("a", { href: `#${fieldId(attr ?? "")}`, on: { click: follow } }, text);
  }
}
