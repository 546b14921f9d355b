import { h } from "../dom.js";
import { Field } from "../fields.js";
import { gettext } from "../i18n.js";
import { missingProblems } from "../missing.js";
import { payoutSection } from "./payout.js";

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
    body: h(
      "div",
      { class: "stack stack--wide" },
      payout.el,
      h("section", { class: "stack" }, h("h2", { class: "subtitle" }, gettext("The receipt")), email.el),
    ),
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
      if (saver.errors.has("email"))
        refusals.push({ attr: "email", text: saver.errors.get("email"), focus: () => email.focus() });
      if (refusals.length) return refusals;
      if (kept === null) {
        payout.confirmTarget.focus();
        return null;
      }
      return sent ? missingProblems(store.step("requisites"), [...payout.fields, payout.confirmTarget, email]) : [];
    },
  };
}
