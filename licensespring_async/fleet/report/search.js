const field = document.getElementById("search");
field.hidden = false;
field.addEventListener("input", () => {
  const wanted = field.value.toLowerCase();
  for (const row of document.querySelectorAll("#attention tbody tr")) {
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
  }
});
