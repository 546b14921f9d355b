import { ApiError, api, serverNow } from "./api.js";
import { caretAfterDigits, phoneFormat, readPhone } from "./checks.js";
import { announce, button, h, icon, notice } from "./dom.js";
import { Field } from "./fields.js";
import { formatCountdown, formatPhone } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { textOf } from "./requisite_hints.js";
import { tabStorage } from "./storage.js";

const EXAMPLES = { "+7": "916 123-45-67", "+380": "67 123-45-67" };
const DIGITS = { "+7": 10, "+380": 9 };

/** The code that is on its way, kept for this tab so that a reload does not lose it. */
export const pendingCode = {
  read: () => tabStorage.read("code"),
  write(phone, sent) {
    const now = serverNow();
    tabStorage.write("code", {
      phone,
      expiresAt: now + sent.expires_in * 1000,
      resendAt: now + sent.resend_in * 1000,
      debugCode: sent.debug_code ?? null,
    });
  },
  drop: () => tabStorage.drop("code"),
};

/** "Please try again in 4:05", when the server said when. */
export function withWait(error) {
  if (error.status !== 429 || !error.retryAfter) return error.message;
  return `${error.message} ${fill(gettext("Try again in %(wait)s."), { wait: formatCountdown(error.retryAfter) })}`;
}

/**
 * The phone number. `onSent` is called when a code is on its way.
 * @param {{onSent: () => void, reason?: string, about?: string}} options `reason`: why the person has to log in again;
 *   `about`: the number of the claim that they come for
 */
export function phoneView({ onSent, reason, about }) {
  let prefix = "+7";
  const field = new Field({
    attr: "phone",
    kind: "phone",
    label: gettext("Mobile phone"),
    help: gettext("We will send a code by SMS to this number."),
    required: true,
    autocomplete: "tel",
    onChange: () => reformat(),
  });
  const { target } = field;
  const select = h(
    "select",
    { class: "input", id: "f-country", "aria-label": gettext("Country of the number"), testid: "phone-country" },
    Object.keys(EXAMPLES).map((code) => h("option", { value: code }, code)),
  );
  const row = h("div", { class: "input-row input-row--phone" });
  target.replaceWith(row);
  row.append(h("span", { class: "select select--prefix" }, select), target);
  field.control = row;

  function choose(code) {
    prefix = code;
    select.value = code;
    target.placeholder = EXAMPLES[code];
  }

  function reformat() {
    const digitsBefore = target.value.slice(0, target.selectionStart).replace(/\D/g, "").length;
    const cut = target.value.replace(/\D/g, "").length;
    const drawn = phoneFormat(target.value, prefix);
    choose(drawn.prefix);
    target.value = drawn.text;
    // A prefix that was typed or pasted is drawn outside the field now: the caret moves left by its digits.
    const moved = Math.max(0, cut - drawn.text.replace(/\D/g, "").length);
    const caret = caretAfterDigits(drawn.text, digitsBefore - moved);
    target.setSelectionRange(caret, caret);
  }

  select.addEventListener("change", () => {
    choose(select.value);
    field.setError(null);
    reformat();
    target.focus();
  });
  choose(prefix);
  const known = pendingCode.read()?.phone;
  if (known) {
    target.value = `+${known}`;
    reformat();
  }

  return {
    key: "phone",
    title: gettext("Let's begin with your phone"),
    lead: gettext("It is your key to the claim: come back from any device, nothing will be lost."),
    body: h(
      "div",
      { class: "stack" },
      about && h("p", { class: "status__number", testid: "login-about" }, fill(gettext("Claim %(number)s"), { number: about })),
      reason && notice("attention", gettext("Please log in again"), h("p", {}, reason)),
      field.el,
      h(
        "p",
        { class: "aside-note" },
        icon("lock"),
        h("span", {}, gettext("We never call to ask for the code. Tell it to nobody.")),
      ),
    ),
    continueLabel: gettext("Send the code"),
    fields: [field],
    async proceed() {
      const { value: phone, code } = readPhone(`${prefix}${target.value}`);
      if (code) {
        const short = target.value.replace(/\D/g, "").length !== DIGITS[prefix];
        const count = fill(gettext("Please enter %(count)s digits after %(prefix)s."), {
          count: DIGITS[prefix],
          prefix,
        });
        return problem(field, short ? count : textOf(code));
      }
      const waiting = pendingCode.read();
      if (waiting?.phone === phone && waiting.resendAt > serverNow()) {
        onSent();
        return null;
      }
      try {
        pendingCode.write(phone, await api.smsSend(`+${phone}`));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return problem(field, withWait(error));
      }
      announce(gettext("The code is on its way."));
      onSent();
      return null;
    },
  };
}

function problem(field, text) {
  field.setError(text);
  return [{ attr: field.attr, text, focus: () => field.focus() }];
}

/**
 * A field for a code from an SMS: sends itself when complete, counts down to a new one, shows the sandbox's code.
 * @param {{length: number, onComplete: () => void, onResend: () => Promise<void>, timing: () => ({expiresAt: number, resendAt: number, debugCode: string|null}|null)}} options
 */
export function codeEntry({ length, onComplete, onResend, timing }) {
  const field = new Field({
    attr: "code",
    kind: "text",
    label: gettext("Code from the SMS"),
    required: true,
    autocomplete: "one-time-code",
    inputmode: "numeric",
    onChange: typed,
  });
  field.target.classList.add("input--code");
  field.target.setAttribute("maxlength", String(length * 2));
  field.target.setAttribute("pattern", "[0-9]*");
  let tried = "";

  function typed() {
    const digits = field.target.value.replace(/\D/g, "").slice(0, length);
    if (field.target.value !== digits) field.target.value = digits;
    if (digits.length < length) tried = "";
    else if (digits !== tried) {
      tried = digits;
      onComplete();
    }
  }

  const resend = button(gettext("Send a new code"), { variant: "quiet", iconName: "refresh", testid: "code-resend" });
  const wait = h("p", { class: "code__wait" });
  const debug = h("div", { class: "debug-code", testid: "debug-code", hidden: true });
  resend.addEventListener("click", async () => {
    resend.disabled = true;
    field.setError(null);
    await onResend();
    field.value = "";
    tried = "";
    tick();
    field.focus();
  });

  function tick() {
    const now = serverNow();
    const { resendAt = 0, expiresAt = 0, debugCode = null, sent = true } = timing() ?? {};
    const left = (resendAt - now) / 1000;
    resend.hidden = left > 0;
    resend.disabled = false;
    const words = sent ? gettext("A new code can be sent in %(wait)s.") : gettext("The code will be sent in %(wait)s.");
    wait.textContent = left > 0 ? fill(words, { wait: formatCountdown(left) }) : "";
    if (sent && left <= 0 && expiresAt && expiresAt < now)
      wait.textContent = gettext("This code is out of date. Please ask for a new one.");
    wait.hidden = !wait.textContent;
    if (debug.dataset.code !== (debugCode ?? "")) showDebug(debugCode);
  }

  function showDebug(code) {
    debug.dataset.code = code ?? "";
    debug.hidden = !code;
    if (!code) return;
    const copy = button(gettext("Copy"), { iconName: "copy", testid: "debug-code-copy" });
    copy.addEventListener("click", () => copyText(code, copy));
    debug.replaceChildren(
      h("p", { class: "debug-code__title" }, gettext("Test mode: the SMS would say")),
      h(
        "div",
        { class: "debug-code__row" },
        h("code", { class: "debug-code__code", testid: "debug-code-value" }, code),
        copy,
      ),
    );
  }

  const timer = setInterval(tick, 1000);
  tick();
  return {
    field,
    el: h("div", { class: "stack" }, field.el, debug, h("div", { class: "code__resend" }, resend, wait)),
    get code() {
      return field.target.value.replace(/\D/g, "");
    },
    dispose: () => clearInterval(timer),
  };
}

async function copyText(text, control) {
  try {
    await navigator.clipboard.writeText(text);
    control.lastChild.textContent = gettext("Copied");
    announce(gettext("Copied"));
  } catch (error) {
    // Without the right to the clipboard the code stays on the screen to be typed.
    if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
    control.hidden = true;
  }
}

/**
 * The code from the SMS. `onVerified` gets the answer of verify.
 * @param {{length: number, onVerified: (answer: any) => Promise<void>}} options
 */
export function codeView({ length, onVerified }) {
  const { phone } = pendingCode.read();
  const entry = codeEntry({
    length,
    timing: pendingCode.read,
    onComplete: () => entry.el.closest("form").requestSubmit(),
    async onResend() {
      try {
        pendingCode.write(phone, await api.smsSend(`+${phone}`));
        announce(gettext("A new code is on its way."));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        entry.field.setError(withWait(error));
        if (error.retryAfter) {
          const kept = pendingCode.read();
          tabStorage.write("code", { ...kept, resendAt: serverNow() + error.retryAfter * 1000 });
        }
      }
    },
  });
  return {
    key: "code",
    title: gettext("Enter the code"),
    lead: fill(gettext("We sent it to %(phone)s. It is good for five minutes."), { phone: formatPhone(phone) }),
    body: entry.el,
    continueLabel: gettext("Confirm"),
    backLabel: gettext("Change the number"),
    firstFocus: entry.field.target,
    single: true,
    fields: [entry.field],
    dispose: entry.dispose,
    async proceed() {
      if (entry.code.length !== length) {
        return problem(entry.field, fill(gettext("The code has %(count)s digits."), { count: length }));
      }
      let answer;
      try {
        answer = await api.smsVerify(`+${phone}`, entry.code);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        entry.field.target.select();
        return problem(entry.field, withWait(error));
      }
      pendingCode.drop();
      await onVerified(answer);
      return null;
    },
  };
}
