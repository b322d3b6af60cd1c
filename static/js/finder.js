// Keys, the palette and the list under the search box. Every page works without this file.
(() => {
  "use strict";
  // A key that composes a syllable is not ours. With a Hangul layout and no text field, the key's place tells its letter.
  const isComposing = (event) => event.isComposing || event.keyCode === 229;
  const isTyping = (element) => element && element.closest("input, textarea, select, [contenteditable=true]") &&
    !element.matches("input[type=checkbox], input[type=radio], input[type=button], input[type=submit]");
  function letterOf(event) {
    if (/^[ -~]$/.test(event.key)) return event.key;
    const place = /^Key([A-Z])$/.exec(event.code);
    if (place) return event.shiftKey ? place[1] : place[1].toLowerCase();
    return event.code === "Slash" ? (event.shiftKey ? "?" : "/") : "";
  }
  const label = (element) =>
    element.dataset.command || element.dataset.keyWords || element.getAttribute("aria-label") || element.textContent.trim();

  // --- A box with a list: arrows choose, Enter opens, the box keeps the focus ---
  function follow(form, list, { commands = () => [], onClose = () => {}, status = null } = {}) {
    const input = form.querySelector("input[name=q]");
    let waiting = 0;
    let request = null;
    let chosen = -1;
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", list.id);
    input.setAttribute("aria-expanded", "false");
    const options = () => [...list.querySelectorAll("[role=option]")];

    function choose(number) {
      const all = options();
      if (all[chosen]) all[chosen].setAttribute("aria-selected", "false");
      chosen = all.length ? (number + all.length) % all.length : -1;
      if (chosen < 0) { input.removeAttribute("aria-activedescendant"); return; }
      all[chosen].setAttribute("aria-selected", "true");
      all[chosen].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", all[chosen].id);
    }
    function show(fragment, { first }) {
      const found = document.createElement("div");
      found.innerHTML = fragment;
      const here = [...found.querySelectorAll("[data-here]")]; // what can be done here comes first
      for (const group of here) group.remove();
      list.replaceChildren(...here, ...commands(input.value.trim()), ...found.childNodes);
      options().forEach((option, number) => { option.id = `${list.id}-${number}`; option.setAttribute("aria-selected", "false"); });
      list.hidden = !options().length;
      input.setAttribute("aria-expanded", String(!list.hidden));
      chosen = -1;
      input.removeAttribute("aria-activedescendant");
      if (first && options().length) choose(0);
      if (status) status.textContent = options().length ? status.dataset.some.replace("{count}", options().length) : status.dataset.none;
    }
    async function ask(first) {
      if (request) request.abort();
      request = new AbortController();
      const address = new URL(form.dataset.suggest, location.href);
      address.searchParams.set("q", input.value);
      if (first) address.searchParams.set("at", location.pathname);
      try {
        const answer = await fetch(address, { signal: request.signal, headers: { "X-Requested-With": "fetch" } });
        if (answer.ok && !answer.redirected) show(await answer.text(), { first });
      } catch (problem) {
        if (problem.name !== "AbortError") show("", { first });
      }
    }
    function close() {
      clearTimeout(waiting);
      if (request) request.abort();
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
      chosen = -1;
    }
    const inDialog = Boolean(form.closest("dialog"));
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      if (inDialog) show("", { first: true }); // commands at once, results when they come
      if (!input.value.trim() && !inDialog) { close(); return; }
      waiting = setTimeout(() => ask(inDialog), 130);
    });
    input.addEventListener("keydown", (event) => {
      if (isComposing(event)) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (list.hidden) return;
        event.preventDefault();
        choose(chosen < 0 ? (event.key === "ArrowDown" ? 0 : -1) : chosen + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter" && !list.hidden && options()[chosen]) {
        event.preventDefault();
        const option = options()[chosen];
        onClose();
        option.click();
      } else if (event.key === "Escape" && !inDialog && !list.hidden) {
        event.stopPropagation();
        close();
      }
    });
    list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
    if (!inDialog) input.addEventListener("blur", () => setTimeout(close, 150));
    form.addEventListener("submit", (event) => { if (!input.value.trim()) event.preventDefault(); });
    return { open: () => { show("", { first: false }); ask(true); }, close };
  }

  // --- The palette ---
  const palette = document.getElementById("palette");
  const keys = document.getElementById("keys");
  let opened = null;

  function commandsFor(words) {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const seen = new Set();
    const found = [...document.querySelectorAll("[data-command]")].filter((element) => {
      const text = label(element);
      if (element.disabled || seen.has(text) || !wanted.every((word) => text.toLowerCase().includes(word))) return false;
      seen.add(text);
      return true;
    });
    if (!found.length) return [];
    const group = document.createElement("div");
    group.setAttribute("role", "group");
    const title = document.createElement("div");
    title.className = "menu-label";
    title.textContent = document.getElementById("palette-list").dataset.commands;
    title.id = "palette-commands";
    group.setAttribute("aria-labelledby", title.id);
    group.append(title, ...found.slice(0, wanted.length ? 8 : 14).map(optionOf));
    return [group];
  }
  function optionOf(element) {
    const option = document.createElement("div");
    option.setAttribute("role", "option");
    const icon = element.querySelector("svg.icon");
    if (icon) option.append(icon.cloneNode(true));
    const text = document.createElement("span");
    text.textContent = label(element);
    option.append(text);
    if (element.dataset.key) {
      const key = document.createElement("kbd");
      key.textContent = element.dataset.key;
      option.append(key);
    }
    option.addEventListener("click", () => { palette.close(); run(element); });
    return option;
  }
  function run(element) {
    const menu = element.closest("details");
    if (element.matches("input, textarea, select")) {
      if (menu) menu.open = true;
      element.focus();
      if (element.select) element.select();
    } else {
      element.click();
      if (element.matches("summary")) {
        const field = element.parentElement.querySelector("input:not([type=hidden]), select, textarea, button");
        if (element.parentElement.open && field) field.focus();
      }
    }
  }
  function openPalette() {
    if (!palette || palette.open) return;
    if (keys.open) keys.close();
    const input = palette.querySelector("input[name=q]");
    input.value = "";
    palette.showModal();
    input.focus();
    opened.open();
  }
  function showKeys() {
    if (!keys || keys.open) return;
    const list = document.getElementById("keys-list");
    for (const old of list.querySelectorAll("[data-found]")) old.remove();
    for (const element of document.querySelectorAll("[data-key], [data-shows]")) {
      const row = document.createElement("div");
      row.dataset.found = "";
      const name = document.createElement("dt");
      const key = document.createElement("kbd");
      key.textContent = element.dataset.key || element.dataset.shows;
      name.append(key);
      const words = document.createElement("dd");
      words.textContent = label(element);
      row.append(name, words);
      list.append(row);
    }
    keys.showModal();
  }
  if (palette) {
    opened = follow(palette.querySelector("form"), document.getElementById("palette-list"), {
      commands: commandsFor, onClose: () => palette.close(), status: palette.querySelector("[data-status]"),
    });
    for (const dialog of [palette, keys]) {
      dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    }
  }
  for (const form of document.querySelectorAll("form.finder[data-finder]")) {
    follow(form, form.querySelector("[role=listbox]"));
  }

  // --- Keys ---
  let pending = "";
  let forget = 0;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.code === "KeyK" && !event.isComposing) {
      event.preventDefault();
      openPalette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const letter = letterOf(event);
    if (!letter || letter === " ") return;
    const typed = pending ? `${pending} ${letter}` : letter;
    pending = "";
    clearTimeout(forget);
    if (letter === "?") { event.preventDefault(); showKeys(); return; }
    const target = [...document.querySelectorAll("[data-key]")].find((element) => element.dataset.key === typed && element.offsetParent !== null) ||
      document.querySelector(`[data-key="${CSS.escape(typed)}"]`);
    if (target) {
      event.preventDefault();
      if (typed === "/" && target.offsetParent === null) openPalette(); // the box is folded away on narrow screens
      else run(target);
      return;
    }
    if (document.querySelector(`[data-key^="${CSS.escape(typed)} "]`)) {
      pending = typed;
      forget = setTimeout(() => { pending = ""; }, 1500);
      return;
    }
    const own = new CustomEvent("portal:key", { cancelable: true, detail: { key: letter } });
    document.dispatchEvent(own);
    if (own.defaultPrevented) event.preventDefault();
  });
})();
