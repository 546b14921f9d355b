import { h, icon } from "../dom.js";
import { Field } from "../fields.js";
import { fill, gettext } from "../i18n.js";
import { missingProblems } from "../missing.js";

const PAUSE_MS = 2000;

/** In one's own words. Kept on the device while typing, sent in pauses and on leaving. */
export function descriptionView({ store, saver, definition }) {
  const stop = new AbortController();
  const most = definition.limits.description_max;
  const count = h("p", { class: "field__count", "aria-hidden": "true" });
  const field = new Field({
    attr: "description",
    kind: "long_text",
    label: gettext("Tell us what happened"),
    help: gettext("Where you were, what went wrong, what you did. Simple words are fine; you can correct them later."),
    required: true,
    max: most,
    onChange(value, { now }) {
      counted();
      if (value) saver.set("description", value, { now, pauseMs: PAUSE_MS });
    },
  });
  field.target.rows = 8;
  field.value = saver.valueOf("description");
  counted();
  const showRefusal = () => field.setError(saver.errors.get("description") ?? null);
  saver.addEventListener("errors", showRefusal, { signal: stop.signal });
  showRefusal();
  if (field.value && !saver.unsent) tooShort();

  /** What the server still misses in it, told at the field. */
  function tooShort() {
    return missingProblems(store.step("description"), [field]);
  }

  function counted() {
    const left = most - field.target.value.length;
    count.textContent = left < most / 5 ? fill(gettext("%(left)s characters left"), { left }) : "";
  }

  return {
    key: "description",
    title: gettext("What happened?"),
    lead: gettext("Take your time. We are sorry that it happened and will help."),
    body: h(
      "div",
      { class: "stack" },
      field.el,
      count,
      h(
        "p",
        { class: "aside-note" },
        icon("message"),
        h(
          "span",
          {},
          gettext(
            "From your words we find the right questions and documents, so that you are asked only what matters.",
          ),
        ),
      ),
    ),
    fields: [field],
    mayGoOn: true,
    async proceed() {
      if (!field.value) return problem(field, gettext("Please write a sentence or two on what happened."));
      saver.set("description", field.value, { now: true });
      // Without a network the person goes on; it is kept on the device and sent later.
      const sent = await saver.flush();
      const refusal = saver.errors.get("description");
      if (refusal) return problem(field, refusal);
      return sent ? tooShort() : [];
    },
    update: () => field.sync(saver.valueOf("description")),
    dispose: () => stop.abort(),
  };
}

function problem(field, text) {
  field.setError(text);
  return [{ attr: field.attr, text, focus: () => field.focus() }];
}
