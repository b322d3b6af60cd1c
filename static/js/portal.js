// What pages do beyond HTML: copy, local times, prefilled fields, a stream that survives cuts. All of it is optional.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.replace("no-js", "js");

  // --- Times in the viewer's zone ---
  const precise = new Intl.DateTimeFormat(root.lang || undefined, {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    hour12: false, timeZoneName: "short",
  });
  function localise(scope) {
    for (const element of scope.querySelectorAll("time[data-local]")) {
      const text = precise.format(new Date(element.dateTime));
      if (element.dataset.local === "text") element.textContent = text;
      else { element.title = text; element.dataset.ago = ""; }
      element.removeAttribute("data-local");
    }
  }

  // "5 minutes ago" stays true while the page is open. Days are left as the server wrote them.
  const relative = new Intl.RelativeTimeFormat(root.lang || undefined, { numeric: "always" });
  setInterval(() => {
    for (const element of document.querySelectorAll("time[data-ago]")) {
      const minutes = Math.floor((Date.now() - new Date(element.dateTime)) / 60_000);
      if (minutes < 1 || minutes >= 1440) continue;
      const text = minutes < 60 ? relative.format(-minutes, "minute") : relative.format(-Math.floor(minutes / 60), "hour");
      if (element.textContent !== text) element.textContent = text;
    }
  }, 30_000);

  // --- Copy ---
  async function copy(button) {
    const label = button.querySelector("[data-copied]");
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      return; // no permission, or no https: the command stands beside the button to be selected
    }
    const before = label.textContent;
    label.textContent = label.dataset.copied;
    setTimeout(() => { label.textContent = before; }, 1500);
  }

  // --- Menus ---
  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== except) menu.open = false;
    }
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    closeMenus(event.target.closest("details.menu"));
  });

  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // --- Intake: what was recognised fills fields that nobody has filled ---
  function prefill(scope) {
    for (const source of scope.querySelectorAll("[data-fills]")) {
      const input = document.getElementById(source.dataset.fills);
      if (!input || (input.value && !input.dataset.prefilled)) continue;
      input.value = source.dataset.value || source.textContent;
      input.dataset.prefilled = "true";
    }
  }
  document.addEventListener("input", (event) => { delete event.target.dataset.prefilled; });
  document.addEventListener("htmx:configRequest", (event) => {
    const glance = Number(event.target.dataset && event.target.dataset.glance);
    const name = event.target.name;
    if (glance && event.detail.parameters[name]) {
      event.detail.parameters[name] = event.detail.parameters[name].slice(0, glance);
    }
  });

  // --- Uploads: say at once what the server would refuse ---
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (!input.matches || !input.matches("input[type=file][data-limit]")) return;
    const tooLarge = [...input.files].filter((file) => file.size > Number(input.dataset.limit) && !/\.(gz|zip|tgz)$/i.test(file.name));
    const message = input.closest(".field").querySelector("[data-file-error]");
    message.hidden = tooLarge.length === 0;
    message.textContent = tooLarge.map((file) => `${file.name} ${input.dataset.tooLarge}`).join(" ");
    if (tooLarge.length) input.value = "";
  });

  // --- Streams ---
  // The extension opens its address anew after a hard cut, so the address always names the last event that was shown.
  document.addEventListener("htmx:sseMessage", (event) => {
    const stream = event.target.closest("[sse-connect]");
    const id = event.detail && event.detail.lastEventId;
    if (!stream || !id) return;
    const address = new URL(stream.getAttribute("sse-connect"), location.href);
    address.searchParams.set("after", id);
    stream.setAttribute("sse-connect", address.pathname + address.search);
  });
  // A statement that fails its check is struck out: all of its words, which came in several events.
  document.addEventListener("htmx:sseMessage", (event) => {
    if (event.target.id !== "run-words") return;
    const last = [...event.target.querySelectorAll(".said")].pop();
    if (!last || !last.classList.contains("is-struck")) return;
    for (const said of event.target.querySelectorAll(`.said[data-part="${last.dataset.part}"]`)) {
      said.classList.add("is-struck");
    }
  });
  // A browser grants six connections to a server, and each stream holds one for as long as its page is open: pages that
  // nobody sees let theirs go, and catch up when they are looked at again.
  const HIDDEN_MS = 15_000;
  class PatientSource {
    constructor(address) {
      this.address = address;
      this.listeners = [];
      this.seen = "";
      this.look = () => {
        clearTimeout(this.timer);
        if (document.hidden) this.timer = setTimeout(() => this.drop(), HIDDEN_MS);
        else if (!this.source) this.open();
      };
      document.addEventListener("visibilitychange", this.look);
      this.open();
    }
    get readyState() { return this.source ? this.source.readyState : EventSource.CONNECTING; }
    open() {
      const address = new URL(this.address, location.href);
      if (this.seen) address.searchParams.set("after", this.seen);
      const source = new EventSource(address);
      this.source = source;
      source.onopen = (event) => this.onopen && this.onopen(event);
      source.onerror = (event) => {
        if (source.readyState === EventSource.CLOSED) this.forget(); // htmx opens another one
        if (this.onerror) this.onerror(event);
      };
      for (const [name, listener] of this.listeners) source.addEventListener(name, listener);
    }
    drop() {
      if (this.source) this.source.close();
      this.source = null;
    }
    forget() {
      clearTimeout(this.timer);
      document.removeEventListener("visibilitychange", this.look);
    }
    close() {
      this.forget();
      this.drop();
    }
    addEventListener(name, listener) {
      const noting = (event) => { this.seen = event.lastEventId || this.seen; listener(event); };
      listener.noting = noting;
      this.listeners.push([name, noting]);
      if (this.source) this.source.addEventListener(name, noting);
    }
    removeEventListener(name, listener) {
      this.listeners = this.listeners.filter(([, noting]) => noting !== listener.noting);
      if (this.source) this.source.removeEventListener(name, listener.noting);
    }
  }
  // The admin loads this script without htmx.
  if (window.htmx) htmx.createEventSource = (address) => new PatientSource(address);
  function connection(text) {
    const place = document.getElementById("connection");
    if (place) place.textContent = text && place.dataset.lost;
  }
  document.addEventListener("htmx:sseError", () => connection(true));
  document.addEventListener("htmx:sseOpen", () => connection(""));
  // The page's stream goes on after its run: people still do things.
  document.addEventListener("htmx:sseMessage", (event) => {
    const run = document.getElementById("run");
    if (!run || event.target.id !== "run-state") return;
    run.classList.remove("is-active");
    run.classList.add("is-over");
    for (const button of document.querySelectorAll("[data-while-idle]")) button.disabled = false;
  });
  document.addEventListener("htmx:sseClose", () => connection(""));

  // --- Comments: Ctrl+Enter sends ---
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches(".composer textarea, .comment textarea")) {
      event.preventDefault();
      event.target.form.requestSubmit(event.target.form.querySelector("button.button-primary"));
    }
  });

  document.addEventListener("htmx:load", (event) => {
    localise(event.target);
    prefill(event.target);
  });
  document.addEventListener("DOMContentLoaded", () => {
    localise(document);
    const focus = document.querySelector("[data-focus]");
    if (focus) focus.focus();
  });
})();
