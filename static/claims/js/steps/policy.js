import { ApiError, api } from "../api.js";
import { announce, button, fillWith, focusOn, h, icon, whileBusy } from "../dom.js";
import { Field } from "../fields.js";
import { formatDate } from "../format.js";
import { fill, gettext } from "../i18n.js";
import { withWait } from "../login.js";

const TONES = {
  valid: "success",
  expired: "attention",
  not_yet: "attention",
  not_found: "attention",
  unavailable: "info",
};

const TITLES = {
  valid: () => gettext("The policy is found and valid"),
  expired: () => gettext("The policy had ended by that date"),
  not_yet: () => gettext("The policy had not begun by that date"),
  not_found: () => gettext("We did not find this policy"),
  unavailable: () => gettext("We can't check the policy right now"),
};

const REASSURANCE = {
  expired: () => gettext("You can go on: our staff will look at it."),
  not_yet: () => gettext("You can go on: our staff will look at it."),
  not_found: () => gettext("Please compare it with your policy. If it is right, go on: our staff will find it."),
  unavailable: () => gettext("You can go on: we will check it ourselves a little later."),
};

/** The policy's number, checked on asking; may be left for later. */
export function policyView({ store, saver, onSkip }) {
  const { number } = store;
  let checked = store.claim.policy?.number ?? null;
  const field = new Field({
    attr: "policy",
    kind: "text",
    label: gettext("Policy number"),
    help: gettext("It is on the first page of the policy or in the email that you got when you bought it."),
    required: true,
    max: 64,
    onChange: () => {},
  });
  Object.assign(field.target, { autocapitalize: "characters", spellcheck: false });
  field.value = checked;
  const result = h("div", { class: "policy-result", "aria-live": "polite", testid: "policy-result" });
  const check = button(gettext("Check the policy"), { iconName: "check-circle", testid: "policy-check" });
  check.addEventListener("click", () => whileBusy(check, async () => ask()));
  show(store.claim.policy);

  function show(policy) {
    if (!policy) return fillWith(result);
    const period =
      policy.valid_from &&
      fill(gettext("Valid from %(from)s to %(until)s"), {
        from: formatDate(policy.valid_from),
        until: formatDate(policy.valid_until),
      });
    return fillWith(
      result,
      h(
        "div",
        { class: `notice notice--${TONES[policy.status] ?? "info"}`, dataset: { status: policy.status } },
        icon(policy.status === "valid" ? "check-circle" : "info"),
        h(
          "div",
          { class: "notice__body" },
          h("p", { class: "notice__title" }, TITLES[policy.status]?.() ?? policy.detail),
          h("p", { class: "policy-result__number" }, policy.number),
          (policy.product || policy.insurer) &&
            h("p", {}, [policy.product, policy.insurer].filter(Boolean).join(" · ")),
          period && h("p", {}, period),
          REASSURANCE[policy.status] && h("p", {}, REASSURANCE[policy.status]()),
        ),
      ),
    );
  }

  /** @returns {Promise<boolean>} whether there is an answer */
  async function ask() {
    field.setError(null);
    if (!field.value) {
      field.setError(gettext("Please enter the number, or go on without it."));
      return false;
    }
    try {
      const policy = await api.policyCheck(number, field.value);
      checked = field.value;
      show(policy);
      announce(TITLES[policy.status]?.() ?? policy.detail ?? "");
      saver.noteSaved();
      store.take(await api.claim(number));
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      field.setError(withWait(error));
      return false;
    }
  }

  return {
    key: "policy",
    title: gettext("Your policy"),
    lead: gettext("With the number we see what is covered and ask you less."),
    body: h("div", { class: "stack" }, field.el, h("div", {}, check), result),
    fields: [field],
    actions: [button(gettext("I don't have it at hand"), { testid: "policy-skip", on: { click: onSkip } })],
    async proceed() {
      if (field.value && field.value === checked) return [];
      const answered = await ask();
      // A fresh answer is shown before going on; pressing Continue again goes on.
      if (answered && store.claim.policy?.status === "valid") return [];
      if (answered) {
        focusOn(result);
        return null;
      }
      return [{ attr: field.attr, text: field.error.textContent, focus: () => field.focus() }];
    },
  };
}
