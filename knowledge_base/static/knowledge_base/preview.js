// The document as its page will show it, beside the form, a moment after the last change. It follows the field that is
// being edited, and stands open by default where there is room.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const preview = document.getElementById("preview");
  const form = document.getElementById("knowledgedocument_form");
  if (!preview || !form) return;
  const body = preview.querySelector(".preview-body");
  const KEPT = "knowledge-preview";
  let timer = 0;
  let asked = 0;
  let field = "";

  async function show() {
    const number = ++asked;
    const answer = await fetch(preview.dataset.address, { method: "POST", body: new FormData(form) }).catch(() => null);
    if (!answer || !answer.ok || number !== asked) return;
    body.innerHTML = await answer.text(); // sanitised by the server
    follow();
  }
  function later() {
    if (preview.hidden) return;
    clearTimeout(timer);
    timer = setTimeout(show, 400);
  }
  function follow() {
    const place = field && body.querySelector(`[id^="${field}"]`);
    if (place && !preview.hidden) preview.scrollTop = place.closest("section").offsetTop - preview.offsetTop - 8;
  }
  function open(shown) {
    preview.hidden = !shown;
    document.body.classList.toggle("with-preview", shown);
    toggle.textContent = shown ? preview.dataset.hide : preview.dataset.show;
    toggle.setAttribute("aria-expanded", String(shown));
    if (shown) show();
  }
  function kept() {
    try { return localStorage.getItem(KEPT); } catch { return null; } // private windows may refuse
  }

  const toggle = document.createElement("button");
  toggle.type = "button";
  toggle.className = "preview-toggle";
  toggle.setAttribute("aria-controls", "preview");
  toggle.addEventListener("click", () => {
    open(preview.hidden);
    try { localStorage.setItem(KEPT, preview.hidden ? "closed" : "open"); } catch { /* then it is not kept */ }
  });
  form.prepend(toggle);
  open(kept() ? kept() === "open" : window.matchMedia("(min-width: 1400px)").matches);

  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("focusin", (event) => {
    const row = event.target.closest(".form-row[class*='field-']");
    const name = row && [...row.classList].find((one) => one.startsWith("field-"));
    field = name ? name.slice(6) : "";
    follow();
  });
});
