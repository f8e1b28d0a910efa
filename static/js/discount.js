// What a discount comes to while it is typed, and one click for the usual figures. Without this the
// field and the list of figures remain.
(() => {
  "use strict";

  const box = document.querySelector("[data-discount]");
  const input = box?.querySelector("[data-discount-input]");
  const output = box?.querySelector("[data-discount-amount]");
  if (!input || !output) return;

  const listAmount = Number(box.dataset.listAmount);
  const ceiling = Number(box.dataset.ceiling);
  const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
  const money = new Intl.NumberFormat(language, { style: "currency", currency: box.dataset.currency });
  const buttons = [];

  const typed = () => {
    const text = input.value.replace(/[\s%]/g, "").replace(",", ".");
    return text === "" ? NaN : Number(text);
  };
  const show = () => {
    const pct = typed();
    const fits = pct >= 0 && pct <= ceiling;
    output.querySelector("bdi").textContent = fits ? money.format((listAmount * pct) / 100) : "–";
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(Number(button.value) === pct)));
  };

  box.querySelectorAll("[data-discount-choice]").forEach((item) => {
    const button = document.createElement("button");
    button.type = "button";
    button.value = item.dataset.discountChoice;
    button.append(...item.childNodes);
    item.append(button);
    button.addEventListener("click", () => {
      input.value = String(Number(button.value));
      show();
      input.focus();
    });
    buttons.push(button);
  });

  input.addEventListener("input", show);
  show();
})();
