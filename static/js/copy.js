// A button beside a field that copies what stands in it. Without JavaScript the field is selected by hand.
for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.querySelector(button.dataset.copy);
  const label = button.querySelector("[data-copy-label]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy");
    }
    label.textContent = button.dataset.copied;
  });
}
