/**
 * Django's JavaScriptCatalog (a classic script that loads before the modules) leaves its functions on
 * `window.django`. When it could not be loaded, the English originals serve, so the form still works.
 */
const catalog = globalThis.django ?? {};

/** @type {(msgid: string) => string} */
export const gettext = catalog.gettext ?? ((msgid) => msgid);

/** @type {(one: string, many: string, count: number) => string} */
export const ngettext = catalog.ngettext ?? ((one, many, count) => (count === 1 ? one : many));

/** Puts `values` in place of `%(name)s` in a translated text. */
export function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (_, name) => String(values[name]));
}

/** The language of the page, which is also asked of the API. */
export const language = document.documentElement.lang || "en";
