import { ApiError, api } from "../api.js";
import { h, icon } from "../dom.js";
import { Field } from "../fields.js";
import { fill, gettext } from "../i18n.js";
import { withWait } from "../login.js";
import { deviceStorage } from "../storage.js";

const PAUSE_MS = 4000;

/** In one's own words. Kept on the device while typing, sent in pauses and on leaving. */
export function descriptionView({ store, saver, definition }) {
  const { number } = store;
  const key = `description.${number}`;
  const most = definition.limits.description_max;
  let sent = store.claim.description ?? "";
  let timer = 0;
  const count = h("p", { class: "field__count", "aria-hidden": "true" });
  const field = new Field({
    attr: "description",
    kind: "long_text",
    label: gettext("Tell us what happened"),
    help: gettext("Where you were, what went wrong, what you did. Simple words are fine; you can correct them later."),
    required: true,
    max: most,
    onChange(value, { now }) {
      deviceStorage.write(key, value ?? "");
      counted();
      clearTimeout(timer);
      timer = setTimeout(() => send(), now ? 0 : PAUSE_MS);
    },
  });
  field.target.rows = 8;
  field.value = deviceStorage.read(key) ?? sent;
  counted();

  function counted() {
    const left = most - field.target.value.length;
    count.textContent = left < most / 5 ? fill(gettext("%(left)s characters left"), { left }) : "";
  }

  /** @returns {Promise<ApiError|null>} */
  async function send() {
    clearTimeout(timer);
    const text = field.value ?? "";
    if (!text || text === sent) return null;
    try {
      await api.describe(number, text);
      sent = text;
      if ((field.value ?? "") === text) deviceStorage.drop(key);
      saver.noteSaved();
      store.take(await api.claim(number));
      return null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return error;
    }
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
      const error = await send();
      if (!error || error.status === 0) return [];
      return problem(field, withWait(error));
    },
    update(claim) {
      if ((field.value ?? "") !== sent || claim.description === sent) return;
      sent = claim.description ?? "";
      field.sync(sent);
    },
    dispose() {
      send();
    },
  };
}

function problem(field, text) {
  field.setError(text);
  return [{ attr: field.attr, text, focus: () => field.focus() }];
}
