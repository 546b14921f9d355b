const STEP = 1.25;
const MOST = 6; // times the whole page

/** The pages of one document, one at a time, with the places of its facts over the picture. */
export class Leaf {
  /** @param {{number: number, src: string}[]} pages @param {{on: string, left: string}[]} facts boxes in % of a page */
  constructor(stage, pages, facts, name) {
    Object.assign(this, { stage, pages, facts, name, at: 0, scale: 1, wide: false, turned: 0, warned: new Set() });
    this.frame = element("div", "leaf-frame");
    this.leaf = element("div", "leaf");
    this.picture = element("img", "");
    this.picture.addEventListener("load", () => this.place());
    this.leaf.append(this.picture);
    this.frame.append(this.leaf);
    stage.classList.remove("whole-size");
    stage.replaceChildren(this.frame);
    this.draw();
  }

  shows(pages) {
    return this.pages.length === pages.length && this.pages.every((one, n) => one.src === pages[n].src);
  }

  /** Other facts on the same pages. */
  tell(facts) {
    this.facts = facts;
    this.warned.clear();
    this.spots();
  }

  get number() {
    return this.pages[this.at].number;
  }

  draw() {
    this.picture.src = this.pages[this.at].src;
    this.picture.alt = `${this.name}, ${this.number}`;
    this.spots();
    this.stage.scrollTo(0, 0);
  }

  spots() {
    for (const old of this.leaf.querySelectorAll(".spot")) old.remove();
    this.facts.forEach((fact, n) => {
      if (Number(fact.on) !== this.number) return;
      const spot = element("div", this.warned.has(n) ? "spot differing" : "spot");
      spot.dataset.n = n;
      for (const side of ["left", "top", "width", "height"]) spot.style[side] = `${fact[side]}%`;
      this.leaf.append(spot);
    });
  }

  warn(n) {
    this.warned.add(n);
    this.spots();
  }

  mark(n) {
    for (const spot of this.leaf.querySelectorAll(".spot")) {
      const isIt = Number(spot.dataset.n) === n;
      spot.classList.toggle("pointed", isIt);
      if (isIt && this.scale > 1) spot.scrollIntoView({ block: "center", inline: "center" });
    }
  }

  /** Goes `by` pages on; false at the end. */
  turn(by) {
    const next = this.at + by;
    return Boolean(this.pages[next]) && this.open(this.pages[next].number);
  }

  /** Shows the page with this number; false if it is shown already, or not there. */
  open(number) {
    const next = this.pages.findIndex((one) => one.number === number);
    if (next < 0 || next === this.at) return false;
    this.at = next;
    this.draw();
    return true;
  }

  zoom(by) {
    this.scale = Math.min(MOST, Math.max(0.5, this.scale * STEP ** by));
    this.place();
  }

  fit(wide = false) {
    [this.scale, this.wide] = [1, wide];
    this.place();
  }

  rotate() {
    this.turned = (this.turned + 90) % 360;
    this.place();
  }

  /** Sizes the page: at scale 1 the whole of it is seen, or its whole width. */
  place() {
    const { naturalWidth: width, naturalHeight: height } = this.picture;
    if (!width) return;
    const lies = this.turned % 180 !== 0;
    const [across, down] = lies ? [height, width] : [width, height];
    const high = this.wide ? Infinity : this.stage.clientHeight / down;
    const fit = Math.min(this.stage.clientWidth / across, high) * this.scale * 0.98;
    size(this.frame, across * fit, down * fit);
    size(this.leaf, width * fit, height * fit);
    this.leaf.style.transform = `translate(-50%, -50%) rotate(${this.turned}deg)`;
  }
}

function element(name, of) {
  const made = document.createElement(name);
  made.className = of;
  return made;
}

function size(box, width, height) {
  box.style.width = `${width}px`;
  box.style.height = `${height}px`;
}
