import { button, fillWith, h } from "./dom.js";
import { gettext } from "./i18n.js";

/** Asks before something is thrown away. */
export function askFirst(question, yes, then) {
  const dialog = document.getElementById("ask-dialog");
  const answer = (work) => () => {
    dialog.close();
    work?.();
  };
  fillWith(
    dialog,
    h("h2", { id: "ask-title" }, question),
    h(
      "div",
      { class: "actions" },
      button(gettext("Keep it"), { testid: "ask-no", on: { click: answer(null) } }),
      button(yes, { variant: "danger", testid: "ask-yes", on: { click: answer(then) } }),
    ),
  );
  dialog.showModal();
}
