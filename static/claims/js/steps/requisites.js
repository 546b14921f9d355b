import { ApiError, api, serverNow } from "../api.js";
import { announce, button, fillWith, focusOn, h, icon, notice, whileBusy } from "../dom.js";
import { Field } from "../fields.js";
import { gettext } from "../i18n.js";
import { codeEntry, withWait } from "../login.js";
import { missingProblems } from "../missing.js";
import { caretAfterDigits } from "../checks.js";
import { formatted, hintFor } from "../requisite_hints.js";
import { tabStorage } from "../storage.js";

const KINDS = [
  { kind: "bank", iconName: "bank", title: () => gettext("Bank account"), about: () => gettext("BIK and account number") },
  { kind: "card", iconName: "card", title: () => gettext("Bank card"), about: () => gettext("The number on its front") },
  { kind: "sbp", iconName: "phone", title: () => gettext("By phone (SBP)"), about: () => gettext("Fast Payments System") },
];

/** Where the payout goes, confirmed by a code, and the email for the receipt. */
export function requisitesView(context) {
  const { store, saver, definition } = context;
  const stop = new AbortController();
  const email = new Field({
    attr: "email",
    kind: "email",
    label: gettext("Email for the receipt"),
    required: true,
    max: 254,
    autocomplete: "email",
    onChange: (value, options) => options.now && saver.set("email", value, options),
  });
  email.value = saver.valueOf("email");
  const payout = payoutSection({ store, saver, definition });
  const showRefusal = () => email.setError(saver.errors.get("email") ?? null);
  saver.addEventListener("errors", showRefusal, { signal: stop.signal });
  showRefusal();

  return {
    key: "requisites",
    title: gettext("Where should we pay?"),
    lead: gettext("If your claim is approved, the money comes here. These details are stored encrypted."),
    body: h("div", { class: "stack stack--wide" }, payout.el, h("section", { class: "stack" }, h("h2", { class: "subtitle" }, gettext("The receipt")), email.el)),
    get fields() {
      return [...payout.fields, email];
    },
    mayGoOn: true,
    update() {
      payout.update();
      email.sync(saver.valueOf("email"));
    },
    dispose() {
      stop.abort();
      payout.dispose();
    },
    async proceed() {
      saver.set("email", email.value, { now: true });
      const kept = await payout.keep();
      const sent = await saver.flush();
      showRefusal();
      const refusals = Array.isArray(kept) ? kept : [];
      if (saver.errors.has("email")) refusals.push({ attr: "email", text: saver.errors.get("email"), focus: () => email.focus() });
      if (refusals.length) return refusals;
      if (kept === null) {
        payout.confirmTarget.focus();
        return null;
      }
      return sent ? missingProblems(store.step("requisites"), [...payout.fields, payout.confirmTarget, email].filter(Boolean)) : [];
    },
  };
}

/** The payout details: a form to enter them, a code to confirm them, or what is kept with a way to change it. */
function payoutSection({ store, saver, definition }) {
  const el = h("section", { class: "stack", testid: "payout" });
  const codeKey = `requisites-code.${store.number}`;
  /** @type {Field[]} */
  let fields = [];
  let entry = null;
  let mode = "";
  let kind = store.claim.requisites?.kind ?? "bank";
  /** What a new code is asked for with; only in memory, so a reload asks to enter the details again. */
  let lastSent = null;
  let sendLater = 0;

  function enter() {
    mode = "enter";
    entry?.dispose();
    entry = null;
    const cards = KINDS.map((option) => kindCard(option, option.kind === kind, pick));
    const inputs = h("div", { class: "stack", testid: "requisites-fields" });
    fillWith(
      el,
      h("fieldset", { class: "fieldset", id: "f-requisites" }, h("legend", { class: "subtitle" }, gettext("How to pay you")), h("div", { class: "kinds" }, cards)),
      inputs,
      store.claim.requisites && h("div", {}, button(gettext("Keep the saved details"), { variant: "quiet", testid: "requisites-keep", on: { click: settle } })),
    );
    draw();

    function pick(chosen) {
      kind = chosen;
      draw();
    }

    function draw() {
      fields = FIELDS[kind](definition);
      fillWith(inputs, fields.map((field) => field.el));
      watchHints(fields);
    }
  }

  function confirm() {
    mode = "confirm";
    fields = [];
    entry?.dispose();
    const confirmButton = button(gettext("Confirm the details"), { variant: "primary", testid: "requisites-confirm" });
    const check = () => whileBusy(confirmButton, checkCode);
    confirmButton.addEventListener("click", check);
    entry = codeEntry({ length: definition.limits.code_length, timing: () => tabStorage.read(codeKey), onComplete: check, onResend: again });
    const code = tabStorage.read(codeKey);
    const known = code && (code.sent || lastSent);
    fillWith(
      el,
      summaryCard(store.claim.requisites, enter),
      known
        ? h("div", { class: "card stack" }, h("p", {}, codeWords(code)), entry.el, h("div", {}, confirmButton))
        : h("div", { class: "card stack" }, h("p", {}, gettext("These details are not confirmed yet. Enter them again to get a code.")), h("div", {}, button(gettext("Enter again"), { testid: "requisites-again", on: { click: enter } }))),
    );
    clearTimeout(sendLater);
    if (known && !code.sent) sendLater = setTimeout(again, Math.max(0, code.resendAt - serverNow()) + 500);
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
    const { code } = await api.requisites(store.number, body);
    const now = serverNow();
    tabStorage.write(codeKey, { sent: code.sent, expiresAt: now + (code.expires_in ?? 0) * 1000, resendAt: now + (code.resend_in ?? 0) * 1000, debugCode: code.debug_code ?? null });
    lastSent = body;
    saver.noteSaved();
    store.take(await api.claim(store.number));
    return code;
  }

  async function again() {
    if (!lastSent) return enter();
    try {
      const here = el.contains(document.activeElement);
      const { sent } = await put(lastSent);
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
      lastSent = null;
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
      return entry && { attr: "requisites", setError: (text) => entry.field.setError(text), focus: () => entry.field.focus() };
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
        announce(code.sent ? gettext("Saved. A code is on its way to your phone.") : gettext("Saved. A code can be sent a little later."));
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

function kindCard({ kind, iconName, title, about }, checked, pick) {
  const input = h("input", { type: "radio", name: "requisites-kind", value: kind, id: `requisites-kind-${kind}`, testid: `requisites-kind-${kind}`, checked, on: { change: () => pick(kind) } });
  return h("label", { class: "type", for: input.id }, input, h("span", { class: "type__icon" }, icon(iconName)), h("span", { class: "type__words" }, h("span", { class: "type__title" }, title()), h("span", { class: "type__about" }, about())));
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

const quiet = () => {};

const field = (name, spec) => new Field({ attr: `requisites.${name}`, kind: "text", required: true, onChange: quiet, ...spec });

/** The inputs of each kind. Nothing of them is kept on the device. */
const FIELDS = {
  bank: () => [
    field("bik", { label: gettext("BIK of the bank"), help: gettext("Nine digits"), inputmode: "numeric", max: 12 }),
    field("account", { label: gettext("Account number"), help: gettext("Twenty digits, from your bank's app: “Account details”"), inputmode: "numeric", max: 30 }),
    field("recipient", { label: gettext("Recipient"), help: gettext("Full name, as the bank knows it"), autocomplete: "name", max: 160 }),
    field("inn", { label: gettext("INN of the recipient"), required: false, inputmode: "numeric", max: 14 }),
  ],
  card: () => [field("number", { label: gettext("Card number"), help: gettext("16 to 19 digits on the front of the card"), inputmode: "numeric", autocomplete: "off", max: 25 })],
  sbp: ({ banks }) => [
    field("phone", { kind: "phone", label: gettext("Phone linked to the bank"), autocomplete: "tel", max: 20 }),
    field("bank_id", { kind: "choice", label: gettext("Bank"), choices: banks.map(({ id, name }) => ({ value: id, label: name })) }),
  ],
};

const nameOf = (one) => one.attr.replace("requisites.", "");

/** Groups the digits and gives a word of help while typing, by the same rules that the server holds. */
function watchHints(fields) {
  const left = new Set();
  const hints = () => {
    const values = Object.fromEntries(fields.map((one) => [nameOf(one), one.value ?? ""]));
    for (const one of fields) {
      const { text, good } = hintFor(nameOf(one), values, left.has(one));
      one.setHint(text, good);
    }
  };
  for (const one of fields.filter((each) => each.target instanceof HTMLInputElement)) {
    one.target.addEventListener("input", () => {
      one.setError(null);
      regroup(one);
      hints();
    });
    one.target.addEventListener("blur", () => {
      left.add(one);
      hints();
    });
  }
}

function regroup(one) {
  const { target } = one;
  const text = formatted(nameOf(one), target.value);
  if (text === target.value) return;
  const digitsBefore = target.value.slice(0, target.selectionStart).replace(/[^0-9A-Za-z]/g, "").length;
  target.value = text;
  const caret = caretAfterDigits(text, digitsBefore);
  target.setSelectionRange(caret, caret);
}
