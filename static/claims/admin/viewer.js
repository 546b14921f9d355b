/** Looks through the claim's documents: arrows go on, Escape closes, and a decision leads to the next one. */
export class Viewer {
  constructor(dialog) {
    this.dialog = dialog;
    this.at = null;
    this.stage = dialog.querySelector("#viewer-stage");
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-view]");
      if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.show(link.closest("[data-document]").dataset.document);
    });
    dialog.querySelector("#viewer-close").addEventListener("click", () => dialog.close());
    dialog.querySelector("#viewer-before").addEventListener("click", () => this.step(-1));
    dialog.querySelector("#viewer-next").addEventListener("click", () => this.step(1));
    dialog.addEventListener("close", () => {
      this.stage.replaceChildren();
      const link = document.querySelector(`#document-${this.at} a[data-view]`);
      this.at = null;
      link?.focus();
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.target.matches("input, textarea")) return;
      if (event.key === "ArrowRight") this.step(1);
      if (event.key === "ArrowLeft") this.step(-1);
    });
    this.stage.addEventListener("click", (event) => {
      if (event.target.tagName === "IMG") this.stage.classList.toggle("whole-size");
    });
  }

  get papers() {
    return [...document.querySelectorAll("#part-documents [data-document]")];
  }

  get paper() {
    return this.papers.find((one) => one.dataset.document === this.at);
  }

  show(id) {
    const changed = id !== this.at;
    this.at = id;
    if (changed) this.draw();
    this.refresh();
    if (!this.dialog.open) this.dialog.showModal();
    this.stage.focus();
  }

  step(by) {
    const all = this.papers;
    const next = all[(all.indexOf(this.paper) + by + all.length) % all.length];
    if (next) this.show(next.dataset.document);
  }

  /** After a decision: the next one to look at, or nothing more to do. */
  onward() {
    const all = this.papers;
    const here = all.indexOf(this.paper);
    const next = [...all.slice(here + 1), ...all.slice(0, here)].find((one) => one.dataset.state === "received");
    if (next) this.show(next.dataset.document);
    else this.dialog.close();
  }

  draw() {
    const { kind, preview, name } = this.paper.dataset;
    const shown = document.createElement(kind === "pdf" ? "iframe" : "img");
    shown.src = preview;
    if (kind === "pdf") shown.title = name;
    else shown.alt = name;
    this.stage.classList.remove("whole-size");
    this.stage.replaceChildren(shown);
  }

  /** Brings names, state and forms up to the page, which may have changed underneath. */
  refresh() {
    const paper = this.paper;
    if (!paper) {
      if (this.dialog.open) this.dialog.close();
      return;
    }
    const data = paper.dataset;
    const set = (id, text) => { const place = this.dialog.querySelector(id); if (place) place.textContent = text; };
    set("#viewer-title", data.title);
    set("#viewer-name", data.name);
    set("#viewer-count", `${this.papers.indexOf(paper) + 1} / ${this.papers.length}`);
    set("#viewer-state", [paper.querySelector(".badge").textContent, data.reason].filter(Boolean).join(": "));
    this.dialog.querySelector("#viewer-file").href = data.file;
    for (const [id, shown] of [["accept", data.state === "received"], ["reject", data.state === "received"], ["undo", data.state !== "received"]]) {
      const form = this.dialog.querySelector(`#viewer-${id}`);
      if (!form) continue;
      form.action = data.judge;
      form.hidden = !shown;
    }
  }
}
