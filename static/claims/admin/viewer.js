import { Leaf } from "./leaf.js";

const TYPED = "input:not([type=hidden]), textarea, select";

/** Looks through the claim's documents, beside what was read of them; a decision leads to the next one. */
export class Viewer {
  constructor(dialog) {
    this.dialog = dialog;
    this.at = null;
    this.leaf = null; // of a document whose pages were drawn
    this.decisions = new Map(); // made here, by document, the last one last
    this.stage = dialog.querySelector("#viewer-stage");
    this.read = dialog.querySelector("#viewer-facts");
    this.keys = { KeyA: () => this.decide("accept"), KeyX: () => this.decide("reject"), KeyU: () => this.decide("undo"), KeyR: () => this.leaf?.rotate(), KeyW: () => this.leaf?.fit(true), ArrowRight: () => this.step(1), ArrowLeft: () => this.step(-1), PageUp: () => this.turn(-1), PageDown: () => this.turn(1) };
    this.signs = { "+": () => this.leaf?.zoom(1), "=": () => this.leaf?.zoom(1), "-": () => this.leaf?.zoom(-1), 0: () => this.leaf?.fit() };
    this.tools = { back: () => this.turn(-1), on: () => this.turn(1), smaller: this.signs["-"], fit: this.signs[0], wide: this.keys.KeyW, bigger: this.signs["+"], rotate: this.keys.KeyR, original: () => this.original() };
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-view]");
      if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.show(link.closest("[data-document]").dataset.document);
    });
    dialog.querySelector("#viewer-close").addEventListener("click", () => dialog.close());
    dialog.querySelector("#viewer-before").addEventListener("click", () => this.step(-1));
    dialog.querySelector("#viewer-next").addEventListener("click", () => this.step(1));
    dialog.addEventListener("close", () => this.left());
    dialog.addEventListener("keydown", (event) => this.pressed(event));
    dialog.addEventListener("click", (event) => this.tools[event.target.closest("[data-tool]")?.dataset.tool]?.());
    for (const name of ["mouseover", "focusin", "click"]) this.read.addEventListener(name, (event) => this.point(event.target));
    this.stage.addEventListener("mouseover", (event) => event.target.matches(".spot") && this.mark(Number(event.target.dataset.n)));
    this.stage.addEventListener("click", (event) => {
      if (!this.leaf && event.target.tagName === "IMG") this.stage.classList.toggle("whole-size");
    });
    addEventListener("resize", () => this.leaf?.place());
  }

  get papers() {
    return [...document.querySelectorAll("#part-documents [data-document]")].filter((one) => one.dataset.preview);
  }

  get paper() {
    return this.papers.find((one) => one.dataset.document === this.at);
  }

  left() {
    this.say("");
    this.stage.replaceChildren();
    this.read.replaceChildren();
    const link = document.querySelector(`#document-${this.at} a[data-view]`);
    this.at = this.leaf = null;
    link?.focus();
  }

  show(id) {
    const changed = id !== this.at;
    this.at = id;
    if (!this.dialog.open) this.dialog.showModal();
    if (changed) {
      this.leaf = null;
      this.draw();
      this.dialog.querySelector("#viewer-reason")?.form.reset();
    }
    this.refresh();
    this.stage.focus();
  }

  /** What came of an action: the page's own messages lie behind the dialog. */
  say(html) {
    this.dialog.querySelector("#viewer-said").innerHTML = html; // as on the page: escaped by the server
  }

  step(by) {
    this.say("");
    const all = this.papers;
    const next = all[(all.indexOf(this.paper) + by + all.length) % all.length];
    if (next) this.show(next.dataset.document);
  }

  /** After a decision the next paper that nobody has judged; after the last one, and after an undo, that paper. */
  decided({ id, how, here }) {
    this.decisions.delete(id);
    if (here && how !== "received") this.decisions.set(id, how);
    if (!this.dialog.open) return;
    if (how === "received") this.show(id);
    else if (id === this.at) this.show(this.waiting?.dataset.document ?? id);
    else this.refresh();
  }

  get waiting() {
    const all = this.papers;
    const here = all.indexOf(this.paper);
    return [...all.slice(here + 1), ...all.slice(0, here)].find((one) => !one.dataset.judged);
  }

  /** The paper whose decision is taken back: this one's, else the last that was made here and still stands. */
  get undone() {
    const stands = (one) => one.dataset.judged && this.decisions.get(one.dataset.document) === one.dataset.judged;
    const order = [...this.decisions.keys()];
    const made = this.papers.filter(stands).sort((a, b) => order.indexOf(b.dataset.document) - order.indexOf(a.dataset.document));
    return this.paper.dataset.judged ? this.paper : made[0];
  }

  /** Keys are by their place on the keyboard, so that they work in Cyrillic too, and never while somebody types. */
  pressed(event) {
    if (event.target.id === "viewer-reason") this.typed(event);
    if (event.target.matches(TYPED) || event.ctrlKey || event.metaKey || event.altKey || event.repeat && event.code.startsWith("Key")) return;
    const act = this.keys[event.code] ?? this.signs[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** A digit picks a ready reason while there are no words of one's own; Escape leaves the field, not the viewer. */
  typed(event) {
    const chips = [...event.target.form.querySelectorAll("[data-fill]")];
    const isOwn = event.target.value && !chips.some((one) => one.dataset.fill === event.target.value);
    const chip = /^[1-9]$/.test(event.key) && !isOwn && !event.ctrlKey && !event.metaKey && !event.altKey && chips[event.key - 1];
    if (!chip && event.key !== "Escape") return;
    event.preventDefault();
    if (chip) chip.click();
    else this.stage.focus();
  }

  decide(how) {
    if (this.dialog.querySelector("form[data-sent]")) {
      this.wanted = how === "undo" ? how : ""; // of what is just on its way: once it is there
      return;
    }
    const form = this.dialog.querySelector(`#viewer-${how}`);
    if (!form || form.hidden) return;
    if (how === "reject") form.querySelector("#viewer-reason").focus();
    else form.requestSubmit();
  }

  free() {
    const how = this.wanted;
    this.wanted = "";
    if (how && this.dialog.open) this.decide(how);
  }

  turn(by) {
    if (this.leaf?.turn(by)) this.label();
  }

  /** The PDF itself instead of the pictures of its pages, and back. */
  original() {
    if (this.leaf) this.frame();
    else this.draw();
    this.label();
  }

  /** What was read, anew; the same pages stay as they are looked at: which one, how large, how turned. */
  draw() {
    const found = this.paper.querySelector("template[data-reading]");
    this.drawn = found?.innerHTML ?? "";
    const copy = found?.content.cloneNode(true);
    const pages = [...(copy?.querySelectorAll("[data-page]") ?? [])].map((one) => ({ number: Number(one.dataset.page), src: one.dataset.src }));
    const panel = copy?.querySelector(".read");
    this.read.replaceChildren(...(panel ? [panel] : []));
    this.facts = [...this.read.querySelectorAll("[data-fact]")];
    if (this.leaf?.shows(pages)) this.leaf.tell(this.facts.map((one) => one.dataset));
    else if (pages.length) this.leaf = new Leaf(this.stage, pages, this.facts.map((one) => one.dataset), this.paper.dataset.name);
    else this.frame();
    this.facts.forEach((one, n) => one.parentElement.classList.contains("differing") && this.leaf?.warn(n));
    this.label();
  }

  frame() {
    this.leaf = null;
    const { kind, preview, name } = this.paper.dataset;
    const shown = document.createElement(kind === "pdf" ? "iframe" : "img");
    shown.src = preview;
    if (kind === "pdf") shown.title = name;
    else shown.alt = name;
    this.stage.classList.remove("whole-size");
    this.stage.replaceChildren(shown);
  }

  label() {
    const has = Boolean(this.paper.dataset.pages);
    this.dialog.querySelector("#viewer-tools").hidden = !has;
    for (const tool of this.dialog.querySelectorAll("[data-tool]")) tool.disabled = !this.leaf && tool.id !== "viewer-original";
    const original = this.dialog.querySelector("#viewer-original");
    original.hidden = this.paper.dataset.kind !== "pdf";
    original.setAttribute("aria-pressed", String(!this.leaf));
    const sign = this.dialog.querySelector("#viewer-page");
    sign.parentElement.hidden = !this.leaf || this.leaf.pages.length < 2;
    if (!this.leaf) return;
    const all = this.leaf.pages.length;
    const total = Number(this.paper.dataset.total);
    const words = total > all ? sign.dataset.more : sign.dataset.words;
    sign.textContent = words.replace("%n%", this.leaf.number).replace("%all%", all).replace("%total%", total);
  }

  point(target) {
    const fact = target.closest("[data-fact]");
    if (fact) this.mark(this.facts.indexOf(fact));
  }

  /** One fact and its place on the page, turned to if it is another. */
  mark(n) {
    if (!this.leaf || !this.facts[n]) return;
    this.facts.forEach((one, place) => one.classList.toggle("pointed", place === n));
    if (this.leaf.open(Number(this.facts[n].dataset.on))) this.label();
    this.leaf.mark(n);
  }

  /** Brings names, state, facts and forms up to the page, which may have changed underneath. */
  refresh() {
    const paper = this.paper;
    if (!paper) {
      if (this.dialog.open) this.dialog.close();
      return;
    }
    if ((paper.querySelector("template[data-reading]")?.innerHTML ?? "") !== this.drawn) this.draw();
    const data = paper.dataset;
    const set = (id, text) => { const place = this.dialog.querySelector(id); if (place) place.textContent = text; };
    set("#viewer-title", data.title);
    set("#viewer-name", data.name);
    set("#viewer-count", `${this.papers.indexOf(paper) + 1} / ${this.papers.length}`);
    set("#viewer-state", [paper.querySelector(".badge").textContent, data.reason].filter(Boolean).join(": "));
    this.dialog.querySelector("#viewer-file").href = data.file;
    const [open, undone] = [data.judged ? null : paper, this.undone];
    set("#viewer-undone", undone && undone !== paper ? `: ${undone.dataset.title}` : "");
    set("#viewer-all", this.decisions.size && data.judged && !this.waiting ? this.dialog.dataset.all : "");
    for (const [id, about] of [["accept", open], ["reject", open], ["undo", undone]]) {
      const form = this.dialog.querySelector(`#viewer-${id}`);
      if (!form) continue;
      if (!about && form.contains(document.activeElement)) this.stage.focus(); // keys go on working
      form.hidden = !about;
      if (!about) continue;
      form.action = about.dataset.judge;
      form.dataset.document = about.dataset.document;
      form.elements.seen.value = about.dataset.judged; // the server keeps no decision on what looks otherwise by now
    }
  }
}
