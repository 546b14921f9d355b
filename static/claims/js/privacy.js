import { ApiError, api } from "./api.js";
import { fillWith, h, notice } from "./dom.js";
import { fill, gettext } from "./i18n.js";

const container = document.getElementById("consents");

try {
  const { consents } = await api.definition();
  fillWith(container, consents.map(consent));
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  fillWith(container, notice("danger", gettext("The text could not be loaded"), h("p", {}, error.message)));
}

function consent({ kind, version, title, text }) {
  return h(
    "section",
    { class: "prose", id: kind },
    h("h2", { class: "subtitle" }, title),
    text.split(/\n{2,}/).map((paragraph) => h("p", {}, paragraph)),
    h("p", { class: "muted" }, fill(gettext("Version %(version)s"), { version })),
  );
}
