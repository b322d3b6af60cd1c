// The incident's page: counts that follow a stream, the way around, folds that open for what is linked in them.
(() => {
  "use strict";

  function count() {
    for (const place of document.querySelectorAll("[data-count]")) {
      place.textContent = document.querySelectorAll(place.dataset.count).length;
    }
  }
  document.addEventListener("htmx:sseMessage", (event) => {
    if (event.target.closest("#run")) requestAnimationFrame(count);
  });

  // A link to a finding opens the folds that it lies in.
  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    let isFolded = false;
    for (let each = target; each; each = each.parentElement) {
      if (each.tagName === "DETAILS" && !each.open) isFolded = each.open = true;
    }
    if (isFolded) target.scrollIntoView();
  }
  addEventListener("hashchange", reveal);
  document.addEventListener("DOMContentLoaded", reveal);

  // The section that is being read is marked in the way around.
  document.addEventListener("DOMContentLoaded", () => {
    const links = new Map();
    for (const link of document.querySelectorAll("[data-sections] a")) links.set(link.hash.slice(1), link);
    const inView = new Set();
    const watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) inView[isIntersecting ? "add" : "delete"](target.id);
      const current = [...links.keys()].find((id) => inView.has(id));
      for (const [id, link] of links) {
        if (id === current) link.setAttribute("aria-current", "location");
        else link.removeAttribute("aria-current");
      }
    }, { rootMargin: "-120px 0px -50% 0px" });
    for (const id of links.keys()) {
      const section = document.getElementById(id);
      if (section) watcher.observe(section);
    }
  });
})();
