const find = document.getElementById("find");
const [field, told] = [find.querySelector("input"), find.querySelector("span")];
const rows = [...document.querySelectorAll(".cards tbody tr")].map((row) => [row, row.textContent.toLowerCase()]);
find.hidden = false;
field.addEventListener("input", () => {
  const words = field.value.toLowerCase().split(/\s+/);
  let shown = 0;
  for (const [row, text] of rows) {
    row.hidden = !words.every((word) => text.includes(word));
    shown += !row.hidden;
  }
  told.textContent = field.value ? `${shown} of ${rows.length}` : "";
});
