import { AdviceLine, isAdvised } from "../advice.js";
import { announce, button, fillWith, h, icon, reconcile } from "../dom.js";
import { Field } from "../fields.js";
import { gettext } from "../i18n.js";
import { missingProblems } from "../missing.js";
import { WhyAsked } from "../why.js";

/** Today as `YYYY-MM-DD` where the person is. */
function today() {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

/** The kind of event, when and where, and the questions that the server draws from it. */
export function eventView({ store, saver, definition }) {
  const stop = new AbortController();
  const save = (attr) => (value, options) => saver.set(attr, value, options);
  const advice = new AdviceLine({ types: definition.event_types });
  const picker = typePicker({ types: definition.event_types, chosen: saver.valueOf("event_type"), onPick: picked });
  const date = new Field({
    attr: "event_date",
    kind: "date",
    label: gettext("When did it happen?"),
    required: true,
    max: today(),
    onChange: save("event_date"),
  });
  const place = new Field({
    attr: "event_place",
    kind: "text",
    label: gettext("Where did it happen?"),
    help: gettext("City and country, an airport, a hotel, an address."),
    required: true,
    max: 200,
    onChange: save("event_place"),
  });
  const questions = h("div", { class: "stack", testid: "questions" });
  const rest = h(
    "div",
    { class: "stack", id: "event-rest" },
    h("h2", { class: "subtitle", id: "event-rest-title", tabindex: "-1" }, gettext("When, where and how")),
    date.el,
    place.el,
    questions,
  );
  /** @type {Map<string, {el: HTMLElement, field: Field, update: (question: any) => void}>} */
  const shown = new Map();

  function picked(code, byPointer) {
    saver.set("event_type", code, { now: true });
    advice.update({});
    picker.setError(null);
    rest.hidden = false;
    if (!byPointer) return;
    picker.collapse();
    rest.querySelector("h2").focus({ preventScroll: true });
    picker.el.scrollIntoView({ block: "start" });
  }

  function questionField(question) {
    const attr = `answers.${question.key}`;
    const field = new Field({
      ...question,
      attr,
      max: question.max ?? undefined,
      currencies: definition.currencies,
      onChange: save(attr),
    });
    field.value = saver.valueOf(attr);
    const why = new WhyAsked();
    why.update(question);
    field.el.append(why.el);
    const update = (newer) => {
      field.sync(saver.valueOf(attr));
      why.update(newer);
    };
    return { el: field.el, field, update };
  }

  function fields() {
    return [picker, date, place, ...[...shown.values()].map((part) => part.field)];
  }

  function update(claim) {
    const before = shown.size;
    const chosen = saver.valueOf("event_type");
    // What the person has just chosen is on its way: the advice no longer stands.
    const advised = isAdvised(claim) && chosen === claim.event_type;
    advice.update(advised ? claim : { ...claim, event_type: "" });
    picker.sync(chosen, { advised });
    rest.hidden = !chosen;
    date.sync(saver.valueOf("event_date"));
    place.sync(saver.valueOf("event_place"));
    reconcile(questions, claim.questions, (question) => question.key, shown, questionField);
    if (before && shown.size > before) announce(gettext("New questions have appeared below."));
  }

  function showRefusals() {
    for (const field of fields()) {
      const refusal = saver.errors.get(field.attr);
      if (refusal) field.setError(refusal);
      else if (saver.inFlight.has(field.attr) || saver.pending.has(field.attr)) field.setError(null);
    }
  }

  saver.addEventListener("errors", showRefusals, { signal: stop.signal });
  saver.addEventListener(
    "conflict",
    (event) => {
      for (const field of fields()) {
        if (event.detail.includes(field.attr))
          field.setHint?.(gettext("This was changed on another device too. What you entered here was kept."));
      }
    },
    { signal: stop.signal },
  );
  update(store.claim);
  showRefusals();

  return {
    key: "event",
    title: gettext("What kind of event was it?"),
    lead: gettext("Choose what fits best. It decides which questions and documents are needed."),
    body: h("div", { class: "stack stack--wide" }, h("div", { class: "stack" }, advice.el, picker.el), rest),
    get fields() {
      return fields();
    },
    mayGoOn: true,
    update,
    dispose: () => stop.abort(),
    async proceed() {
      const sent = await saver.flush();
      const refused = fields().filter((field) => saver.errors.has(field.attr));
      if (refused.length) {
        showRefusals();
        return refused.map((field) => ({
          attr: field.attr,
          text: saver.errors.get(field.attr),
          focus: () => field.focus(),
        }));
      }
      // Without a network the person goes on; what is missing is told in the review.
      return sent ? missingProblems(store.step("event"), fields()) : [];
    },
  };
}

/**
 * Event types as big cards; after a choice by touch or mouse only the chosen one stays, with a way to choose again.
 * Arrow keys walk through the cards, so a choice by keyboard leaves them all open.
 */
function typePicker({ types, chosen, onPick }) {
  const attr = "event_type";
  const error = h("p", { class: "field__error", id: "f-event_type-error", hidden: true });
  const inputs = new Map();
  const cards = types.map((type) => {
    const input = h("input", {
      type: "radio",
      name: "event_type",
      value: type.code,
      id: `event-type-${type.code}`,
      testid: `event-type-${type.code}`,
    });
    inputs.set(type.code, input);
    input.addEventListener("change", () => onPick(type.code, byPointer()));
    // Who presses the chosen one again is content with it.
    input.addEventListener("click", () => byPointer() && input.checked && picker.collapse());
    const about =
      type.description && h("span", { class: "type__about", id: `event-type-${type.code}-about` }, type.description);
    if (about) input.setAttribute("aria-describedby", about.id);
    return h(
      "label",
      { class: "type", for: input.id, dataset: { code: type.code } },
      input,
      h("span", { class: "type__icon" }, icon(type.icon)),
      h("span", { class: "type__words" }, h("span", { class: "type__title" }, type.title), about),
    );
  });
  let pointerAt = -1000;
  const byPointer = () => performance.now() - pointerAt < 500;
  const list = h("div", { class: "types__cards" }, cards);
  const change = button(gettext("Choose something else"), {
    iconName: "refresh",
    testid: "event-type-change",
    hidden: true,
  });
  const fieldset = h(
    "fieldset",
    { class: "fieldset types", id: "f-event_type" },
    h("legend", { class: "visually-hidden" }, gettext("What kind of event")),
    list,
    change,
    error,
  );
  list.addEventListener("pointerup", () => (pointerAt = performance.now()));
  change.addEventListener("click", () => {
    expand();
    picker.focus();
  });

  /** The person is not among the cards: nothing goes away from under a finger or the focus. */
  function isLeftAlone() {
    return !fieldset.contains(document.activeElement) && fieldset.getBoundingClientRect().top >= 0 && !byPointer();
  }

  function expand() {
    fieldset.classList.remove("types--chosen");
    change.hidden = true;
  }

  const picker = {
    attr,
    el: fieldset,
    collapse() {
      fieldset.classList.add("types--chosen");
      change.hidden = false;
    },
    sync(code, { advised = false } = {}) {
      const input = inputs.get(code);
      change.lastChild.textContent = advised ? gettext("Not right? Choose another") : gettext("Choose something else");
      if (!input) return expand();
      if (advised && !input.checked && isLeftAlone()) picker.collapse();
      input.checked = true;
      return undefined;
    },
    setError(text) {
      fillWith(error, ...(text ? [icon("alert"), h("span", {}, text)] : []));
      error.hidden = !text;
      if (text) fieldset.setAttribute("aria-describedby", error.id);
      else fieldset.removeAttribute("aria-describedby");
    },
    focus() {
      const target = [...inputs.values()].find((input) => input.checked) ?? inputs.values().next().value;
      target?.focus();
    },
  };
  picker.sync(chosen);
  if (inputs.has(chosen)) picker.collapse();
  return picker;
}
