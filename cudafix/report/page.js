"use strict";
(() => {
  const PAGE = 100;
  const KEYS = ["text", "code", "kind", "folder", "symbol", "owner"];
  const one = (selector, root = document) => root.querySelector(selector);
  const data = JSON.parse(one("#data").textContent);
  const form = one("#filter");
  const body = one("#list tbody");
  const more = one("#more");

  const findings = data.rows.map(([path, cell, row, column, code, kind, symbol, message, reason], number) => ({
    number, path: data.paths[path], owners: data.owners[path], cell, row, column, code: data.texts[code],
    kind: data.texts[kind], symbol: data.texts[symbol], message: data.texts[message], reason: data.texts[reason],
  }));
  const place = (finding) =>
    `${finding.path}:${finding.cell ? `cell ${finding.cell}:` : ""}${finding.row}:${finding.column}`;

  let chosen = findings;
  let shown = 0;
  let order = { key: "place", down: false };

  function matches(finding, wanted) {
    const { text, code, kind, folder, symbol, owner } = wanted;
    if (code && finding.code !== code) return false;
    if (kind && finding.kind !== kind) return false;
    if (symbol && finding.symbol !== symbol) return false;
    if (owner && !finding.owners.includes(owner)) return false;
    if (folder && folder !== "." && !finding.path.startsWith(folder.replace(/\/+$/, "") + "/")) return false;
    if (!text) return true;
    const whole = `${place(finding)} ${finding.code} ${finding.symbol} ${finding.message} ${finding.reason}`.toLowerCase();
    return text.toLowerCase().split(/\s+/).every((word) => whole.includes(word));
  }

  function line(finding) {
    const row = document.createElement("tr");
    const cell = (...parts) => {
      const made = document.createElement("td");
      made.append(...parts);
      row.append(made);
    };
    const link = document.createElement("a");
    link.textContent = place(finding);
    link.href = data.link.replace("{path}", () => finding.path.split("/").map(encodeURIComponent).join("/"))
      .replace("{line}", finding.row);
    const reason = document.createElement("small");
    reason.textContent = finding.reason;
    cell(link);
    cell(finding.code);
    cell(data.kinds[finding.kind]);
    cell(finding.message, ...(finding.reason ? [reason] : []));
    return row;
  }

  function showMore() {
    const next = chosen.slice(shown, shown + PAGE);
    body.append(...next.map(line));
    shown += next.length;
    more.hidden = shown >= chosen.length;
    one("#count").textContent = chosen.length === findings.length
      ? `${findings.length.toLocaleString("en")} findings`
      : `${chosen.length.toLocaleString("en")} of ${findings.length.toLocaleString("en")} findings`;
  }

  function compare(left, right) {
    const { key, down } = order;
    const found = key === "place" ? left.number - right.number
      : left[key] < right[key] ? -1 : left[key] > right[key] ? 1 : left.number - right.number;
    return down ? -found : found;
  }

  function choose() {
    const wanted = Object.fromEntries(KEYS.map((key) => [key, form.elements[key].value.trim()]));
    chosen = findings.filter((finding) => matches(finding, wanted)).sort(compare);
    body.replaceChildren();
    shown = 0;
    showMore();
  }

  function mark(button, down) {
    for (const head of button.closest("tr").children) head.removeAttribute("aria-sort");
    button.parentElement.setAttribute("aria-sort", down ? "descending" : "ascending");
  }

  function sortTable(button) {
    const number = Number(button.dataset.sort);
    const down = button.parentElement.getAttribute("aria-sort") === "descending" ? false
      : button.parentElement.getAttribute("aria-sort") === "ascending" ? true : number > 0;
    const table = button.closest("table").tBodies[0];
    const value = (row) => row.children[number].dataset.value;
    const sign = down ? -1 : 1;
    table.append(...[...table.rows].sort((left, right) => sign * (number === 0
      ? value(left).localeCompare(value(right), "en")
      : Number(value(left)) - Number(value(right)))));
    mark(button, down);
  }

  function follow() {
    if (!location.hash.startsWith("#findings&")) return;
    const wanted = new URLSearchParams(location.hash.slice("#findings&".length).replaceAll("+", "%2B"));
    form.reset();
    for (const [key, value] of wanted) if (KEYS.includes(key)) form.elements[key].value = value;
    choose();
    one("#findings").scrollIntoView();
    one("#findings").focus({ preventScroll: true });
  }

  function fill(list, values, titles = {}) {
    for (const value of values) {
      const option = document.createElement("option");
      option.value = value;
      option.textContent = titles[value] || value;
      list.append(option);
    }
  }

  const unique = (values) => [...new Set(values)].filter(Boolean).sort();
  fill(form.elements.code, unique(findings.map((finding) => finding.code)));
  fill(form.elements.kind, Object.keys(data.kinds), data.kinds);
  fill(one("#symbols"), unique(findings.map((finding) => finding.symbol)));
  fill(one("#folders"), [...document.querySelectorAll('[data-table="folder"] tbody th')].map((head) => head.dataset.value));
  const owners = unique(findings.flatMap((finding) => finding.owners));
  fill(form.elements.owner, owners);
  one("[data-owner]").hidden = owners.length === 0;
  form.hidden = false;

  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(choose, 120);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(choose));
  more.addEventListener("click", showMore);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.sort) sortTable(button);
    if (button.dataset.key) {
      order = { key: button.dataset.key, down: order.key === button.dataset.key && !order.down };
      mark(button, order.down);
      choose();
    }
    if ("copy" in button.dataset) {
      const command = one("code", button.parentElement);
      const copied = navigator.clipboard ? navigator.clipboard.writeText(command.textContent) : Promise.reject();
      copied.then(() => { button.textContent = "Copied"; }, () => {
        getSelection().selectAllChildren(command);
        button.textContent = "Press Ctrl+C";
      });
    }
  });
  window.addEventListener("hashchange", follow);
  choose();
  follow();
})();
