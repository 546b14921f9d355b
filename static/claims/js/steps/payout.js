import { ApiError, api, serverNow } from "../api.js";
import { announce, button, fillWith, focusOn, h, notice, whileBusy } from "../dom.js";
import { gettext } from "../i18n.js";
import { codeEntry, withWait } from "../login.js";
import { tabStorage } from "../storage.js";
import { KINDS, kindCard, nameOf, payoutFields } from "./payout_fields.js";

/** The payout details: a form to enter them, a code to confirm them, or what is kept with a way to change it. */
export function payoutSection({ store, saver, definition }) {
  const el = h("section", { class: "stack", testid: "payout" });
  const codeKey = `requisites-code.${store.number}`;
  /** @type {Map<string, import("../fields.js").Field[]>} what was typed stays while one looks at another kind */
  const typed = new Map();
  /** @type {import("../fields.js").Field[]} */
  let fields = [];
  let entry = null;
  let mode = "";
  let kind = store.claim.requisites?.kind ?? "bank";
  let sendLater = 0;

  function enter() {
    mode = "enter";
    entry?.dispose();
    entry = null;
    const cards = KINDS.map((option) => kindCard(option, option.kind === kind, pick));
    const inputs = h("div", { class: "stack", testid: "requisites-fields" });
    fillWith(
      el,
      h(
        "fieldset",
        { class: "fieldset", id: "f-requisites" },
        h("legend", { class: "subtitle" }, gettext("How to pay you")),
        h("div", { class: "kinds" }, cards),
      ),
      inputs,
      store.claim.requisites &&
        h(
          "div",
          {},
          button(gettext("Keep the saved details"), {
            variant: "quiet",
            testid: "requisites-keep",
            on: { click: settle },
          }),
        ),
    );
    draw();

    function pick(chosen) {
      kind = chosen;
      draw();
    }

    function draw() {
      if (!typed.has(kind)) typed.set(kind, payoutFields(kind, definition));
      fields = typed.get(kind);
      fillWith(
        inputs,
        fields.map((field) => field.el),
      );
    }
  }

  function confirm() {
    mode = "confirm";
    fields = [];
    typed.clear();
    entry?.dispose();
    entry = null;
    clearTimeout(sendLater);
    const code = tabStorage.read(codeKey);
    fillWith(
      el,
      summaryCard(store.claim.requisites, enter),
      h("div", { class: "card stack" }, code ? codeCard(code) : askCodeCard()),
    );
    if (code && !code.sent) sendLater = setTimeout(again, Math.max(0, code.resendAt - serverNow()) + 500);
  }

  function codeCard(code) {
    const confirmButton = button(gettext("Confirm the details"), { testid: "requisites-confirm" });
    const check = () => whileBusy(confirmButton, checkCode);
    confirmButton.addEventListener("click", check);
    entry = codeEntry({
      length: definition.limits.code_length,
      timing: () => tabStorage.read(codeKey),
      onComplete: check,
      onResend: again,
    });
    return [h("p", {}, codeWords(code)), entry.el, h("div", {}, confirmButton)];
  }

  /** On another device, or in another tab: the details are kept, the code was asked for elsewhere. */
  function askCodeCard() {
    const ask = button(gettext("Send a code"), { testid: "requisites-again" });
    const said = h("p", { role: "alert" });
    ask.addEventListener("click", () =>
      whileBusy(ask, async () => {
        try {
          await sendCode();
          confirm();
          entry.field.focus();
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          said.textContent = withWait(error);
        }
      }),
    );
    return [h("p", {}, gettext("These details are not confirmed yet.")), said, h("div", {}, ask)];
  }

  function kept() {
    mode = "kept";
    fields = [];
    entry?.dispose();
    entry = null;
    fillWith(el, summaryCard(store.claim.requisites, enter));
  }

  function settle() {
    const { requisites } = store.claim;
    if (!requisites) enter();
    else if (requisites.confirmed) kept();
    else confirm();
  }

  async function put(body) {
    return keepCode((await api.requisites(store.number, body)).code);
  }

  async function sendCode() {
    return keepCode((await api.requisitesCode(store.number)).code);
  }

  async function keepCode(code) {
    const now = serverNow();
    tabStorage.write(codeKey, {
      sent: code.sent,
      expiresAt: now + (code.expires_in ?? 0) * 1000,
      resendAt: now + (code.resend_in ?? 0) * 1000,
      debugCode: code.debug_code ?? null,
    });
    saver.noteSaved();
    store.take(await api.claim(store.number));
    return code;
  }

  async function again() {
    try {
      const here = el.contains(document.activeElement);
      const { sent } = await sendCode();
      confirm();
      if (here) entry.field.focus();
      if (sent) announce(gettext("A new code is on its way."));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      entry.field.setError(withWait(error));
    }
    return undefined;
  }

  async function checkCode() {
    entry.field.setError(null);
    if (entry.code.length !== definition.limits.code_length) {
      entry.field.setError(gettext("Please enter the code from the SMS."));
      return entry.field.focus();
    }
    try {
      const claim = await api.requisitesConfirm(store.number, entry.code);
      tabStorage.drop(codeKey);
      saver.noteSaved();
      store.take(claim);
      settle();
      announce(gettext("The details are confirmed."));
      return focusOn(el.querySelector("h2"));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      entry.field.setError(withWait(error));
      return entry.field.focus();
    }
  }

  settle();
  return {
    el,
    get fields() {
      return fields;
    },
    get confirmTarget() {
      return {
        attr: "requisites",
        setError: (text) => entry?.field.setError(text),
        focus: () => (entry ? entry.field.focus() : el.querySelector("button, input")?.focus()),
      };
    },
    update() {
      const { requisites } = store.claim;
      if (mode === "confirm" && requisites?.confirmed) settle();
      if (mode === "kept" && !requisites?.confirmed) settle();
    },
    dispose() {
      clearTimeout(sendLater);
      entry?.dispose();
    },
    /**
     * Saves what is typed. "done": nothing left to save; null: saved, now the code is to be entered; else what is wrong.
     */
    async keep() {
      if (mode !== "enter" || fields.every((field) => !field.value)) return "done";
      const empty = fields.filter((field) => field.spec.required && !field.value);
      if (empty.length) return empty.map((field) => refuse(field, gettext("Please fill this in.")));
      try {
        const given = fields.filter((one) => one.value).map((one) => [nameOf(one), one.value]);
        const code = await put({ kind, ...Object.fromEntries(given) });
        confirm();
        announce(
          code.sent
            ? gettext("Saved. A code is on its way to your phone.")
            : gettext("Saved. A code can be sent a little later."),
        );
        return null;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return error.errors.map(({ attr, detail }) => {
          const field = fields.find((candidate) => candidate.attr === `requisites.${attr}`);
          return field ? refuse(field, detail) : { attr, text: withWait(error) };
        });
      }
    },
  };
}

function codeWords({ sent }) {
  if (sent) return gettext("To be sure that it is you, enter the code that we have just sent to your phone.");
  return gettext("Your details are saved. To be sure that it is you, we will send a code to your phone in a moment.");
}

function refuse(field, text) {
  field.setError(text);
  return { attr: field.attr, text, focus: () => field.focus() };
}

function summaryCard(requisites, change) {
  return h(
    "div",
    { class: "stack", testid: "requisites-summary" },
    h("h2", { class: "subtitle" }, gettext("How to pay you")),
    h(
      "div",
      { class: "card card--row" },
      h(
        "div",
        { class: "card__main" },
        h("span", { class: "card__title" }, requisites.summary),
        h("span", { class: "muted" }, [requisites.recipient, requisites.bank_name].filter(Boolean).join(" · ")),
        requisites.confirmed && h("span", { class: "badge badge--success" }, gettext("Confirmed")),
      ),
      button(gettext("Change"), { testid: "requisites-change", on: { click: change } }),
    ),
    !requisites.confirmed && notice("attention", gettext("Not confirmed yet")),
  );
}
