import { ApiError, api, apiEvents } from "./api.js";
import { announce, button, fillWith, h, notice, whileBusy } from "./dom.js";
import { Frame } from "./frame.js";
import { gettext, language } from "./i18n.js";
import { LiveLink } from "./live.js";
import { codeView, pendingCode, phoneView } from "./login.js";
import { Router } from "./router.js";
import { Saver } from "./saver.js";
import { SessionWatch } from "./session.js";
import { SaveState, drawExpiry, drawSteps } from "./side.js";
import { descriptionView } from "./steps/description.js";
import { documentsView } from "./steps/documents.js";
import { eventView } from "./steps/event.js";
import { policyView } from "./steps/policy.js";
import { requisitesView } from "./steps/requisites.js";
import { resumeView, signedInView } from "./steps/resume.js";
import { reviewView } from "./steps/review.js";
import { deviceStorage, tabStorage } from "./storage.js";
import { ClaimStore } from "./store.js";
import { UploadQueue } from "./uploads.js";

const VIEWS = {
  description: descriptionView,
  policy: policyView,
  event: eventView,
  documents: documentsView,
  requisites: requisitesView,
  review: reviewView,
};

/** The applicant's form: knows which step is shown and lets the steps do the rest. */
class ClaimForm {
  constructor() {
    this.app = document.getElementById("app");
    this.router = new Router();
    this.store = new ClaimStore();
    this.saver = new Saver(this.store);
    this.saveState = new SaveState(document.getElementById("save-state"), {
      saver: this.saver,
      filesOnTheirWay: () => this.uploads?.moving ?? 0,
      announce,
    });
    this.phone = null;
    this.reason = "";
    this.lost = false;
    this.frame = null;
    this.live = null;
    this.uploads = null;
    this.router.addEventListener("step", () => this.show());
    this.store.addEventListener("change", (event) => this.#claimChanged(event.detail));
    this.saver.addEventListener("closed", () => this.#closed());
    apiEvents.addEventListener("unauthorized", () => this.#sessionEnded());
  }

  async start() {
    this.app.setAttribute("aria-busy", "true");
    try {
      this.definition = await api.definition();
      this.watch = new SessionWatch({
        idleSeconds: this.definition.limits.session_idle_seconds,
        onEnd: () => this.#sessionEnded(),
      });
      await this.#openSession();
      await this.show({ focus: false });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#cannotStart(error);
    } finally {
      this.app.removeAttribute("aria-busy");
    }
  }

  /** Draws the step that the address asks for, or the one that fits. */
  async show({ focus = true } = {}) {
    const step = await this.#allowedStep(this.router.step);
    if (step !== this.router.step) this.router.correct(step);
    this.frame?.view.dispose?.();
    const view = await this.#view(step);
    const place = this.#place(view.key);
    this.frame = new Frame(view, { place, onDone: () => this.#next(), onBack: this.#backOf(step) });
    this.frame.mount(this.app, { focus });
    this.#drawSide();
  }

  async #openSession() {
    try {
      const session = await api.session();
      this.phone = session.phone_masked;
      this.watch.start(session);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      return;
    }
    const number = this.router.claimNumber ?? tabStorage.read("claim");
    if (number) await this.#openClaim(number);
  }

  /** Takes up a claim by its number; one that is gone or not ours leaves none chosen. */
  async #openClaim(number) {
    try {
      this.#use(await api.claim(number));
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      tabStorage.drop("claim");
      this.store.forget();
    }
  }

  /** From here on this claim is the one that is filled in. */
  #use(claim) {
    const same = this.live && this.store.number === claim.number;
    if (!claim.can.edit) {
      tabStorage.drop("claim");
      location.replace(`/claims/${encodeURIComponent(claim.number)}/`);
      return;
    }
    tabStorage.write("claim", claim.number);
    if (!same) {
      this.store.forget();
      this.live?.close();
    }
    this.store.take(claim);
    this.lost = false;
    this.saver.resume();
    if (claim.language !== language) this.saver.set("language", language, { now: true });
    if (same) {
      this.uploads.resume();
      return;
    }
    const { number } = claim;
    this.uploads = new UploadQueue({ url: api.documentsUrl(number), number, limits: this.definition.limits });
    this.uploads.addEventListener("change", () => this.saveState.draw());
    this.uploads.addEventListener("stored", (event) => this.#stored(event.detail));
    this.uploads.settleLost(claim);
    this.live = new LiveLink({ number, onHint: (version) => this.#hint(version) });
  }

  /** A file has arrived; the one that it was sent instead of goes. */
  async #stored({ id, name, replaces }) {
    announce(`${name}: ${gettext("received")}`);
    this.saver.noteSaved();
    try {
      if (replaces && replaces !== id) await api.documentDelete(this.store.number, replaces);
    } catch (error) {
      // It stays with its reason, and with a way to remove it.
      if (!(error instanceof ApiError)) throw error;
    }
    this.refresh();
  }

  #hint(version) {
    if (version === null || version > this.store.claim.version) this.refresh();
  }

  /** Reads the claim anew; without a network the last known one stays. */
  async refresh() {
    try {
      this.store.take(await api.claim(this.store.number));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 404) this.#closed();
    }
  }

  #claimChanged(claim) {
    this.uploads?.settleLost(claim);
    this.frame?.update(claim);
    this.#drawSide();
  }

  /** The steps in the server's order, the phone first. */
  get #steps() {
    const told = this.store.claim?.steps ?? this.definition.steps.map((step) => ({ ...step, state: "todo" }));
    const drawn = told.filter((step) => VIEWS[step.key]).map((step) => ({ ...step, open: Boolean(this.store.claim) }));
    const phone = this.definition.steps.find((step) => step.key === "phone")?.title ?? gettext("Phone");
    return [{ key: "phone", title: phone, state: this.phone ? "done" : "todo", open: Boolean(this.phone) }, ...drawn];
  }

  #place(key) {
    const steps = this.#steps;
    const at = steps.findIndex((step) => step.key === (key === "code" ? "phone" : key));
    return at < 0 ? undefined : { index: at + 1, total: steps.length };
  }

  /** The step that may be shown when this one is asked for. */
  async #allowedStep(asked) {
    if (!this.phone) return asked === "code" && pendingCode.read() ? "code" : "phone";
    if (!this.store.claim) return asked === "phone" ? "phone" : "resume";
    if (asked === "code") return "phone";
    if (asked === "phone" || asked === "resume" || VIEWS[asked]) return asked;
    return this.#firstOpen();
  }

  #firstOpen() {
    const steps = this.#steps.filter((step) => step.key !== "phone");
    return (steps.find((step) => step.state !== "done") ?? steps.at(-1)).key;
  }

  async #view(step) {
    if (step === "code")
      return codeView({ length: this.definition.limits.code_length, onVerified: (answer) => this.#verified(answer) });
    if (step === "phone") {
      return this.phone
        ? signedInView({ phone: this.phone, onLogout: () => this.logout() })
        : phoneView({ reason: this.reason, onSent: () => this.router.go("code") });
    }
    if (step === "resume") {
      const { results } = await api.claims();
      return resumeView({
        claims: results,
        lost: this.lost,
        onPick: (number) => this.#pick(number),
        onNew: (control) => whileBusy(control, () => this.#begin()),
      });
    }
    return VIEWS[step]({
      store: this.store,
      saver: this.saver,
      uploads: this.uploads,
      definition: this.definition,
      router: this.router,
      refresh: () => this.refresh(),
      onSkip: () => this.#next(),
      onSubmitted(number) {
        tabStorage.drop("claim");
        location.replace(`/claims/${encodeURIComponent(number)}/receipt/`);
      },
    });
  }

  #backOf(step) {
    if (step === "code") return () => this.router.back("phone");
    const steps = this.#steps;
    const at = steps.findIndex((candidate) => candidate.key === step);
    return at > 0 ? () => this.router.back(steps[at - 1].key) : null;
  }

  #next() {
    if (!this.store.claim) {
      this.router.go("resume");
      return;
    }
    const steps = this.#steps;
    const at = steps.findIndex((step) => step.key === this.frame.view.key);
    this.router.go(steps[at + 1].key);
  }

  /** The code was right: go on with the claim of this tab, else with what verify found or made. */
  async #verified(answer) {
    this.reason = "";
    const session = await api.session();
    this.phone = session.phone_masked;
    this.watch.start(session);
    const before = tabStorage.read("claim");
    if (before) await this.#openClaim(before);
    if (this.store.claim) {
      this.router.go(tabStorage.read("step") ?? this.#firstOpen(), { replace: true });
      return;
    }
    if (answer.resumed) {
      this.router.go("resume", { replace: true });
      return;
    }
    this.#use(answer.claim);
    this.router.go(this.#firstOpen(), { replace: true });
  }

  async #pick(number) {
    await this.#openClaim(number);
    this.router.go(this.store.claim ? this.#firstOpen() : "resume", { replace: true });
  }

  async #begin() {
    try {
      this.#use(await api.claimCreate());
      this.router.go(this.#firstOpen(), { replace: true });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.frame.summary.show([{ attr: null, text: error.message }], { title: gettext("That did not work") });
    }
  }

  #sessionEnded() {
    if (!this.phone) return;
    this.phone = null;
    this.watch.stop();
    this.reason = gettext("Your session has ended. Nothing is lost: enter the code again and go on where you stopped.");
    if (VIEWS[this.router.step]) tabStorage.write("step", this.router.step);
    this.router.go("phone", { replace: true });
  }

  /** The draft is gone (its time is over) or was sent from elsewhere. */
  async #closed() {
    const { number } = this.store;
    this.live?.close();
    this.live = null;
    tabStorage.drop("claim");
    deviceStorage.drop(`pending.${number}`);
    try {
      await api.claim(number);
      location.replace(`/claims/${encodeURIComponent(number)}/`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.store.forget();
      this.lost = true;
      this.router.go("resume", { replace: true });
    }
  }

  async logout() {
    await this.saver.flush();
    try {
      await api.sessionEnd();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
    }
    tabStorage.dropAll("");
    deviceStorage.dropAll("");
    location.assign("/");
  }

  #drawSide() {
    const current = this.frame?.view.key === "code" ? "phone" : this.frame?.view.key;
    const onLogout = this.phone ? () => this.logout() : null;
    drawSteps(document.getElementById("steps"), { steps: this.#steps, current, router: this.router, onLogout });
    drawExpiry(document.getElementById("expiry"), this.store.claim);
    this.saveState.draw();
  }

  #cannotStart(error) {
    const again = button(gettext("Try again"), {
      variant: "primary",
      iconName: "refresh",
      testid: "start-again",
      on: { click: () => this.start() },
    });
    fillWith(
      this.app,
      notice("danger", gettext("The page could not load everything"), h("p", {}, error.message), again),
    );
  }
}

new ClaimForm().start();
