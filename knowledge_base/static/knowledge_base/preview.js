// The document as its page will show it, beside the form, a moment after the last change.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const preview = document.getElementById("preview");
  const form = document.getElementById("knowledgedocument_form");
  if (!preview || !form) return;
  const body = preview.querySelector(".preview-body");
  let timer = 0;
  let asked = 0;

  async function show() {
    const number = ++asked;
    const answer = await fetch(preview.dataset.address, { method: "POST", body: new FormData(form) }).catch(() => null);
    if (answer && answer.ok && number === asked) body.innerHTML = await answer.text(); // sanitised by the server
  }
  function later() {
    if (preview.hidden) return;
    clearTimeout(timer);
    timer = setTimeout(show, 400);
  }

  const toggle = document.createElement("button");
  toggle.type = "button";
  toggle.className = "button preview-toggle";
  const label = () => { toggle.textContent = preview.hidden ? preview.dataset.show : preview.dataset.hide; };
  toggle.addEventListener("click", () => {
    preview.hidden = !preview.hidden;
    document.body.classList.toggle("with-preview", !preview.hidden);
    label();
    later();
  });
  label();
  form.prepend(toggle);
  form.addEventListener("input", later);
  form.addEventListener("change", later);
});
