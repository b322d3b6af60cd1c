// The list of incidents by keyboard: j and k go through the rows, x picks, Enter opens. All of it is optional.
(() => {
  "use strict";
  const table = () => document.querySelector("table[data-rows]");
  const links = () => [...(table() ? table().querySelectorAll("a[data-row]") : [])];
  const boxes = () => [...(table() ? table().querySelectorAll("[name=incident]") : [])];

  function move(step) {
    const all = links();
    const row = document.activeElement && document.activeElement.closest("tr");
    const at = all.findIndex((link) => row && row.contains(link));
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
    if (next) next.focus();
  }
  function pick() {
    const row = document.activeElement && document.activeElement.closest("tr");
    const box = row && row.querySelector("[name=incident]");
    if (box) { box.click(); }
  }
  document.addEventListener("portal:key", (event) => {
    const work = { j: () => move(1), k: () => move(-1), x: pick }[event.detail.key];
    if (!work || !table()) return;
    work();
    event.preventDefault();
  });

  function tell() {
    const place = document.querySelector("[data-picked]");
    if (!place) return;
    const picked = boxes().filter((box) => box.checked).length;
    place.textContent = place.dataset.picked.replace("{count}", picked);
    const all = document.querySelector("[data-pick-all]");
    if (all) {
      all.checked = picked > 0 && picked === boxes().length;
      all.indeterminate = picked > 0 && picked < boxes().length;
    }
  }
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick-all]")) for (const box of boxes()) box.checked = event.target.checked;
    if (event.target.matches("[data-pick-all], [name=incident]")) tell();
  });

  // Addresses are shared: what was not asked for has no place in them.
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.target.matches("form[data-tidy]")) return;
    const parameters = event.detail.parameters;
    const asked = Object.entries(parameters).filter(([name, value]) => value !== "" && name !== "view" && !(name === "order" && value === "newest"));
    for (const name of Object.keys(parameters)) {
      if (!asked.some(([kept]) => kept === name)) delete parameters[name];
    }
    if (!asked.length) parameters.view = "all";
  });
  document.addEventListener("DOMContentLoaded", tell);
})();
