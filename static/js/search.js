// The search of the top bar: suggestions as a list of links that the arrow keys walk through.
(() => {
  "use strict";

  const form = document.querySelector("[data-search]");
  const input = form?.querySelector("input");
  const list = form?.querySelector(".search-list");
  const status = form?.querySelector("[data-search-status]");
  if (!input || !list) return;
  let active = -1;

  const hits = () => [...list.querySelectorAll('[role="option"]')];
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", form.querySelector("label").textContent);

  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (index) => {
    active = index;
    hits().forEach((hit, at) => hit.setAttribute("aria-selected", String(at === index)));
    const hit = hits()[index];
    if (!hit) return;
    input.setAttribute("aria-activedescendant", hit.id);
    hit.scrollIntoView({ block: "nearest" });
  };

  // Nothing is asked for a letter alone.
  input.addEventListener("htmx:configRequest", (event) => {
    if (input.value.trim().length >= 2) return;
    event.preventDefault();
    list.replaceChildren();
    close();
  });
  list.addEventListener("htmx:afterSwap", () => {
    if (document.activeElement !== input) return;
    const found = list.querySelector("[data-found]");
    list.hidden = !list.querySelector('[role="option"], .search-none');
    active = -1;
    input.setAttribute("aria-expanded", String(hits().length > 0));
    if (status) status.textContent = found?.dataset.found || "";
  });
  input.addEventListener("keydown", (event) => {
    const found = hits();
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && found.length) {
      event.preventDefault();
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      const step = event.key === "ArrowDown" ? 1 : -1;
      mark(active < 0 && step < 0 ? found.length - 1 : (active + step + found.length) % found.length);
    } else if (event.key === "Enter" && active >= 0 && !list.hidden) {
      event.preventDefault();
      found[active].click();
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      event.preventDefault();
      close();
    }
  });
  input.addEventListener("focus", () => {
    if (!hits().length || input.value.trim().length < 2) return;
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  });
  document.addEventListener("pointerdown", (event) => {
    if (!form.contains(event.target)) close();
  });
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) close();
  });
})();
