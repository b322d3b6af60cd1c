// The log viewer: of a hundred thousand lines only those in sight exist. The server delivers rows in chunks.
(() => {
  "use strict";
  const CHUNK = 100; // rows
  const TALLEST = 15_000_000; // px; browsers end at about twice that. Longer texts are paged as without scripts.

  class Viewer {
    constructor(root) {
      this.root = root;
      this.view = root.querySelector(".log-view");
      this.space = root.querySelector(".log-space");
      this.total = Number(root.dataset.total);
      this.isFiltered = "filtered" in root.dataset;
      this.marks = root.dataset.marks ? root.dataset.marks.split(",").map(Number) : [];
      this.selected = null; // [first, last] line
      this.chunks = new Map();
      this.waiting = new Map();
      const first = this.space.querySelector("li");
      this.height = first ? first.getBoundingClientRect().height : 20;
      this.isWindowed = this.total * this.height < TALLEST && this.total > 0;
      if (this.isWindowed) this.openWindow();
      this.listen();
      this.follow();
    }

    openWindow() {
      const start = Number(this.root.dataset.start);
      const rows = [...this.space.querySelectorAll("li")];
      this.space.classList.add("is-windowed");
      this.space.style.height = `${this.total * this.height}px`;
      this.space.replaceChildren();
      // What the page brought with it is the first chunks, as far as it fills whole ones.
      for (let chunk = Math.ceil(start / CHUNK); ; chunk += 1) {
        const part = rows.slice(chunk * CHUNK - start, (chunk + 1) * CHUNK - start);
        if (part.length < CHUNK && start + rows.length < this.total) break;
        if (!part.length) break;
        this.place(chunk, part);
      }
      if (start) this.view.scrollTop = start * this.height;
    }

    listen() {
      let isPlanned = false;
      this.view.addEventListener("scroll", () => {
        if (isPlanned) return;
        isPlanned = true;
        requestAnimationFrame(() => { isPlanned = false; this.update(); });
      }, { passive: true });
      this.root.addEventListener("click", (event) => this.click(event));
      const go = this.root.querySelector(".log-go");
      go.addEventListener("submit", (event) => {
        const line = Number(go.elements.line.value);
        if (!line || this.isFiltered) return; // the server finds the line among all
        event.preventDefault();
        this.select(line, line);
        this.goTo(line);
      });
      this.update();
    }

    // --- Chunks ---
    update() {
      if (!this.isWindowed) return;
      const top = this.view.scrollTop, low = top + this.view.clientHeight;
      const first = Math.max(0, Math.floor(top / this.height / CHUNK - 0.5));
      const last = Math.min(Math.ceil(this.total / CHUNK) - 1, Math.floor(low / this.height / CHUNK + 0.5));
      for (const [chunk, list] of this.chunks) {
        if (chunk < first - 1 || chunk > last + 1) { list.remove(); this.chunks.delete(chunk); }
      }
      for (const [chunk, request] of this.waiting) {
        if (chunk < first || chunk > last) { request.abort(); this.waiting.delete(chunk); }
      }
      for (let chunk = first; chunk <= last; chunk += 1) {
        if (!this.chunks.has(chunk) && !this.waiting.has(chunk)) this.fetch(chunk);
      }
      this.show();
    }

    async fetch(chunk) {
      const request = new AbortController();
      this.waiting.set(chunk, request);
      try {
        const answer = await fetch(`${this.root.dataset.rows}&start=${chunk * CHUNK}&count=${CHUNK}`, { signal: request.signal });
        if (!answer.ok) return;
        const holder = document.createElement("template");
        holder.innerHTML = await answer.text();
        if (request.signal.aborted) return;
        this.place(chunk, [...holder.content.querySelectorAll("li")]);
        this.show();
      } catch (error) {
        if (error.name !== "AbortError") setTimeout(() => this.update(), 1000);
      } finally {
        if (this.waiting.get(chunk) === request) this.waiting.delete(chunk);
      }
    }

    place(chunk, rows) {
      const list = document.createElement("ol");
      list.className = "log";
      list.start = rows.length ? rows[0].value : 1;
      list.style.transform = `translateY(${chunk * CHUNK * this.height}px)`;
      list.append(...rows);
      const after = [...this.chunks.keys()].filter((other) => other > chunk).sort((a, b) => a - b)[0];
      this.space.insertBefore(list, after === undefined ? null : this.chunks.get(after));
      this.chunks.set(chunk, list);
    }

    // --- Going to a line ---
    goTo(line) {
      if (this.isWindowed && !this.isFiltered) {
        this.view.scrollTop = Math.max(0, (line - 1) * this.height - this.view.clientHeight / 3);
        this.update();
        return;
      }
      const row = document.getElementById(`L${line}`);
      if (row) row.scrollIntoView({ block: "center" });
      else location.href = `${location.pathname}?line=${line}#L${line}`;
    }

    step(direction) {
      if (!this.marks.length) return;
      const here = this.selected ? this.selected[0] : this.lineAt(this.view.scrollTop + this.view.clientHeight / 3);
      const ahead = direction > 0 ? this.marks.find((line) => line > here) : this.marks.findLast((line) => line < here);
      const line = ahead ?? (direction > 0 ? this.marks[0] : this.marks.at(-1));
      this.select(line, line);
      this.goTo(line);
    }

    lineAt(y) {
      return Math.floor(y / this.height) + 1;
    }

    follow() {
      const named = /^#L(\d+)(?:-L?(\d+))?$/.exec(location.hash);
      const line = named ? Number(named[1]) : Number(this.root.dataset.line || 0);
      if (!line) return;
      this.select(line, named && named[2] ? Number(named[2]) : line, { isTold: false });
      this.goTo(line);
    }

    // --- Selecting ---
    select(first, last, { isTold = true } = {}) {
      this.selected = [Math.min(first, last), Math.max(first, last)];
      const [low, high] = this.selected;
      const hash = low === high ? `#L${low}` : `#L${low}-L${high}`;
      if (isTold) history.replaceState(history.state, "", location.pathname + location.search + hash);
      const bar = this.root.querySelector("[data-selection]");
      bar.hidden = false;
      bar.querySelector("[data-selected]").textContent = low === high ? `${low}` : `${low}–${high}`;
      this.show();
    }

    show() {
      const [low, high] = this.selected || [0, 0];
      for (const row of this.space.querySelectorAll(".is-marked")) row.classList.remove("is-marked");
      if (!low) return;
      for (const row of this.space.querySelectorAll("li")) {
        if (row.value >= low && row.value <= high) row.classList.add("is-marked");
      }
    }

    click(event) {
      const number = event.target.closest(".log-number");
      if (number) {
        event.preventDefault();
        const line = number.parentElement.value;
        if (event.shiftKey && this.selected) this.select(this.selected[0], line);
        else this.select(line, line);
        return;
      }
      const link = event.target.closest("[data-line-link]");
      if (link && !this.isFiltered) {
        event.preventDefault();
        const line = Number(link.dataset.lineLink);
        this.select(line, line);
        this.goTo(line);
      }
      const step = event.target.closest("[data-step]");
      if (step) this.step(Number(step.dataset.step));
      if (event.target.closest("[data-copy-lines]")) this.copyLines(event.target.closest("button"));
      if (event.target.closest("[data-copy-link]")) this.copy(event.target.closest("button"), Promise.resolve(location.href));
      const map = event.target.closest(".log-map");
      if (map) {
        const box = map.getBoundingClientRect();
        this.goTo(Math.max(1, Math.round(((event.clientY - box.top) / box.height) * Number(this.root.dataset.lines))));
      }
    }

    copyLines(button) {
      const [first, last] = this.selected;
      const text = fetch(`${this.root.dataset.text}?first=${first}&last=${last}`).then((answer) => answer.text());
      this.copy(button, text);
    }

    async copy(button, text) {
      try {
        await navigator.clipboard.writeText(await text);
      } catch {
        return; // no permission, or no https
      }
      const label = button.querySelector("[data-copied]"), before = label.textContent;
      label.textContent = label.dataset.copied;
      setTimeout(() => { label.textContent = before; }, 1500);
    }
  }

  let viewer = null;
  function begin() {
    const root = document.querySelector("[data-log]");
    if (root && (!viewer || viewer.root !== root)) viewer = new Viewer(root);
  }
  document.addEventListener("DOMContentLoaded", begin);
  document.addEventListener("htmx:load", begin);
  addEventListener("hashchange", () => viewer && viewer.follow());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (event.key === "]" || event.key === "[") viewer.step(event.key === "]" ? 1 : -1);
  });
})();
