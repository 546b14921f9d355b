/** The language switch comes back to the very step it was pressed on. */
const form = document.getElementById("languages");
form.addEventListener("submit", () => {
  form.elements.next.value = location.pathname + location.search;
});
