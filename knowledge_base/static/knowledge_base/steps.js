// Lays editable rows over a text area of numbered Markdown steps. The text area stays the truth: rows are written back
// into it at every change, so saving works the same with and without this script.
"use strict";
(() => {
  const RISKS = ["", "read-only", "changes-settings", "blocks", "loses-data"];
  const LABELS = { expect: "Expect", verify: "Verify", undo: "Undo" };
  const FIELD_OF = {
    expect: "expect", expected: "expect", "기대": "expect", verify: "verify", verification: "verify", "검증": "verify",
    "확인": "verify", undo: "undo", rollback: "undo", "되돌리기": "undo", "롤백": "undo",
  };

  function read(text, columns) {
    const steps = [];
    let step = null, at = "text", fenced = false, indent = 0;
    for (const line of text.split("\n")) {
      if (/^\s*(```|~~~)/.test(line) && step) {
        fenced = !fenced;
        indent = line.length - line.trimStart().length;
        continue;
      }
      if (fenced) {
        step.command += (step.command ? "\n" : "") + (line.slice(0, indent).trim() ? line.trim() : line.slice(indent));
        continue;
      }
      const start = line.match(/^\d{1,3}[.)]\s+(.*)$/);
      if (start || (!step && line.trim())) {
        step = Object.fromEntries(columns.map((name) => [name, ""]));
        step.command = step.command || "";
        steps.push(step);
        at = "text";
        const said = start ? start[1] : line.trim();
        const risk = said.match(/^\[(read-only|changes-settings|blocks|loses-data)\]\s*/);
        if (risk && "risk" in step) step.risk = risk[1];
        step.text = risk && "risk" in step ? said.slice(risk[0].length) : said;
        continue;
      }
      if (!line.trim()) continue;
      const label = line.trim().match(/^([^\s:：]{2,12})\s*[:：]\s*(.*)$/);
      const field = label && FIELD_OF[label[1].toLowerCase()];
      if (field && field in step) {
        at = field;
        step[at] = label[2];
      } else {
        step[at] += (step[at] ? " " : "") + line.trim();
      }
    }
    return steps;
  }

  function write(steps) {
    return steps.map((step, index) => {
      const lines = [`${index + 1}. ${step.risk ? `[${step.risk}] ` : ""}${step.text.replace(/\s*\n\s*/g, " ")}`];
      if (step.command) lines.push("   ```sh", ...step.command.split("\n").map((line) => `   ${line}`), "   ```");
      for (const [name, label] of Object.entries(LABELS)) {
        if (step[name]) lines.push(`   ${label}: ${step[name].replace(/\s*\n\s*/g, " ")}`);
      }
      return lines.join("\n");
    }).join("\n");
  }

  function input(name, value, labels) {
    const wrapper = document.createElement("label");
    wrapper.className = `step-${name}`;
    const caption = document.createElement("span");
    caption.textContent = labels[name];
    let field;
    if (name === "risk") {
      field = document.createElement("select");
      for (const risk of RISKS) field.add(new Option(labels[risk] || "–", risk, false, risk === value));
    } else {
      field = document.createElement("textarea");
      field.rows = name === "command" ? Math.max(1, value.split("\n").length) : 2;
      field.value = value;
    }
    field.dataset.name = name;
    wrapper.append(caption, field);
    return wrapper;
  }

  function button(text, act) {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "button";
    element.textContent = text;
    element.addEventListener("click", act);
    return element;
  }

  function enhance(holder) {
    const area = holder.querySelector("textarea");
    const columns = area.dataset.steps.split(",");
    const labels = JSON.parse(holder.dataset.labels);
    const list = document.createElement("ol");
    list.className = "step-rows";

    const store = () => {
      area.value = write([...list.children].map((row) => Object.fromEntries(
        [...row.querySelectorAll("[data-name]")].map((field) => [field.dataset.name, field.value.trim()]),
      )).filter((step) => step.text || step.command));
      area.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const addRow = (step) => {
      const row = document.createElement("li");
      for (const name of columns) row.append(input(name, step[name] || "", labels));
      const tools = document.createElement("div");
      tools.className = "step-tools";
      tools.append(
        button(labels.up, () => { if (row.previousElementSibling) row.previousElementSibling.before(row); store(); }),
        button(labels.remove, () => { row.remove(); store(); }),
      );
      row.append(tools);
      list.append(row);
      return row;
    };
    const fill = () => { list.replaceChildren(); read(area.value, columns).forEach(addRow); };

    const add = button(labels.add, () => addRow({}).querySelector("textarea").focus());
    const toggle = button(labels.text_mode, () => {
      const rows = area.hidden;
      if (!rows) fill();
      area.hidden = !rows;
      list.hidden = add.hidden = rows;
      toggle.textContent = rows ? labels.row_mode : labels.text_mode;
    });
    list.addEventListener("input", store);
    fill();
    area.hidden = true;
    holder.append(list, add, toggle);
  }

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".steps-field").forEach(enhance));
})();
