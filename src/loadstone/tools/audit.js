"use strict";
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  heads.forEach((head, column) => head.firstChild.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending", number = head.dataset.kind === "number";
    heads.forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = row => number ? Number(row.cells[column].dataset.v) : row.cells[column].textContent;
    const order = new Intl.Collator(undefined, { numeric: true });
    const keyed = [...body.rows].map(row => [value(row), row]);
    keyed.sort((a, b) => (number ? a[0] - b[0] : order.compare(a[0], b[0])) * (down ? -1 : 1));
    for (const pair of keyed) body.append(pair[1]);
  }));
}
const rows = [...document.querySelectorAll("#rows tbody tr")];
const texts = rows.map(row => row.textContent.toLowerCase());
const filter = document.getElementById("filter"), status = document.getElementById("status"), shown = document.getElementById("shown");
function show() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  rows.forEach((row, at) => {
    const fits = words.every(word => texts[at].includes(word)) && (!status.value || row.dataset.s === status.value);
    row.hidden = !fits;
    count += fits;
  });
  shown.textContent = count === rows.length ? `${count} rows` : `${count} of ${rows.length} rows`;
}
filter.addEventListener("input", show);
status.addEventListener("change", show);
show();
