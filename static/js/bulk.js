// Choosing rows: a box for the whole page, how many are chosen, and the bar only when it is of use.
(() => {
  "use strict";

  const ready = () => {
    const form = document.querySelector("form[data-bulk]");
    if (!form || form.dataset.ready) return;
    form.dataset.ready = "1";
    const boxes = () => [...document.querySelectorAll('input[type="checkbox"][name="deal"][form="bulk"]')];
    const all = form.querySelector("[data-bulk-all]");
    const count = form.querySelector("[data-bulk-count]");
    const head = document.querySelector("th.select-head");
    let page;
    if (head && boxes().length) {
      page = document.createElement("input");
      page.type = "checkbox";
      page.className = "form-check-input";
      page.setAttribute("aria-label", form.dataset.page);
      head.replaceChildren(page);
      page.addEventListener("change", () => {
        boxes().forEach((box) => (box.checked = page.checked));
        show();
      });
    }
    const show = () => {
      const chosen = boxes().filter((box) => box.checked).length;
      // An attribute: after a swap htmx puts the class back to what the server sent.
      form.toggleAttribute("data-idle", !chosen && !all?.checked);
      count.textContent =
        !chosen || all?.checked
          ? ""
          : chosen === 1
            ? form.dataset.countOne
            : form.dataset.countMany.replace("{count}", chosen.toLocaleString(document.documentElement.lang));
      boxes().forEach((box) => box.closest("tr")?.classList.toggle("row-chosen", box.checked));
      if (!page) return;
      page.checked = chosen > 0 && chosen === boxes().length;
      page.indeterminate = chosen > 0 && !page.checked;
    };
    document.addEventListener("change", (event) => {
      if (form.isConnected && (event.target === all || event.target.getAttribute?.("form") === "bulk")) show();
    });
    // A file leaves the page where it is: the form may be sent again at once.
    form.addEventListener("submit", () => {
      if (form.elements.action.value.startsWith("export-")) setTimeout(() => delete form.dataset.sent, 500);
    });
    show();
  };
  ready();
  addEventListener("pageshow", ready);
  document.addEventListener("htmx:load", ready);
})();
