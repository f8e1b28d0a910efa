// Comfort on top of pages that work without it.
(() => {
  "use strict";

  // Small menus: one open at a time, closed by Escape or a click elsewhere.
  const openPops = () => document.querySelectorAll("details.pop[open]");
  document.addEventListener("click", (event) => {
    openPops().forEach((pop) => {
      if (!pop.contains(event.target)) pop.open = false;
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    openPops().forEach((pop) => {
      pop.open = false;
      pop.querySelector("summary").focus();
    });
  });

  // Appearance: change it at once, tell the server in the background, keep what is typed on the page.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-theme-form]");
    if (!form || !event.submitter) return;
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    window.portalTheme(body.get("theme"));
    document.querySelectorAll('form[data-theme-form] button[name="theme"]').forEach((button) => {
      const chosen = button.value === event.submitter.value;
      if (chosen) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      const check = button.querySelector(".check");
      if (check) check.hidden = !chosen;
    });
    const pop = document.querySelector("details.pop:has(form[data-theme-form])");
    pop?.querySelector("summary .icon").replaceWith(event.submitter.querySelector(".icon").cloneNode(true));
    if (pop) pop.open = false;
    fetch(form.action, { method: "POST", body, redirect: "manual", credentials: "same-origin" });
  });

  // Receipts and warnings can be closed.
  const dismissible = (root) =>
    root.querySelectorAll(".alert[data-dismissible]").forEach((alert) => {
      if (alert.querySelector(".alert-close")) return;
      const close = document.createElement("button");
      close.type = "button";
      close.className = "alert-close";
      close.setAttribute("aria-label", alert.dataset.dismissible);
      close.innerHTML =
        '<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" aria-hidden="true"><path d="M18 6l-12 12M6 6l12 12"/></svg>';
      close.addEventListener("click", () => alert.remove());
      alert.append(close);
    });

  // Confirmation: forms or buttons with data-confirm ask first.
  const dialog = document.getElementById("confirm-dialog");
  const asked = new WeakSet();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const source = event.submitter?.dataset.confirm !== undefined ? event.submitter : form;
    if (event.defaultPrevented || source.dataset.confirm === undefined || asked.has(form) || !dialog?.showModal) return;
    event.preventDefault();
    // What the browser can see to be missing is put right before anything is asked.
    if (!form.reportValidity()) return;
    const submitter = event.submitter;
    const title = dialog.querySelector("#confirm-title");
    const yes = dialog.querySelector("#confirm-yes");
    title.textContent = source.dataset.confirmTitle || title.dataset.default;
    dialog.querySelector("#confirm-text").textContent = source.dataset.confirm;
    yes.textContent = source.dataset.confirmButton || submitter?.textContent.trim() || yes.dataset.default;
    yes.className = `btn ${source.dataset.confirmTone === "danger" ? "btn-danger" : "btn-primary"}`;
    dialog.returnValue = "";
    dialog.addEventListener(
      "close",
      () => {
        if (dialog.returnValue !== "yes") return;
        asked.add(form);
        form.requestSubmit(submitter || undefined);
        asked.delete(form);
      },
      { once: true },
    );
    dialog.showModal();
    dialog.querySelector("[data-first]").focus();
  });

  // A double click sends once.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 4000);
  });
  addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  });

  // Addresses of filtered lists hold only the filters that are set.
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.detail.elt.matches("form.filters")) return;
    const { formData } = event.detail;
    [...formData.entries()].forEach(([name, value]) => value === "" && formData.delete(name));
  });

  // On phones the filters are folded away, all but the search.
  const phone = matchMedia("(max-width: 767px)");
  const fold = (root) =>
    root.querySelectorAll?.(".filter-fold").forEach((one) => {
      one.open = !phone.matches;
      one.dataset.folds = "";
    });
  phone.addEventListener("change", () => fold(document));

  // Files chosen: name, size, a way to take one back.
  const inUnit = (unit) =>
    new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, maximumFractionDigits: 1 });
  const sizeText = (bytes) =>
    bytes < 1e6
      ? inUnit("kilobyte").format(Math.max(1, Math.round(bytes / 1e3)))
      : inUnit("megabyte").format(bytes / 1e6);
  const listFiles = (input) => {
    let list = input.parentElement.querySelector(".file-list");
    if (!list) {
      list = document.createElement("ul");
      list.className = "file-list";
      input.after(list);
    }
    const limit = Number(input.dataset.maxBytes || Infinity);
    list.replaceChildren(
      ...[...input.files].map((file, index) => {
        const item = document.createElement("li");
        item.classList.toggle("too-large", file.size > limit);
        const name = document.createElement("span");
        name.className = "file-name";
        name.textContent = file.name;
        const size = document.createElement("span");
        size.className = "file-size";
        size.textContent = sizeText(file.size) + (file.size > limit ? ` > ${sizeText(limit)}` : "");
        const remove = document.createElement("button");
        remove.type = "button";
        remove.className = "btn btn-sm btn-ghost btn-icon";
        remove.setAttribute("aria-label", `× ${file.name}`);
        remove.textContent = "×";
        remove.addEventListener("click", () => {
          const kept = new DataTransfer();
          [...input.files].forEach((other, at) => at !== index && kept.items.add(other));
          input.files = kept.files;
          listFiles(input);
          input.focus();
        });
        item.append(name, size, remove);
        return item;
      }),
    );
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches?.('input[type="file"][multiple]:not([data-drop-ready])')) listFiles(event.target);
  });

  // Accounts of the demo: one click fills the e-mail field.
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-fill]");
    const field = button && document.getElementById(button.dataset.fill);
    if (!field) return;
    field.value = button.dataset.fillValue;
    field.focus();
  });

  const ready = (root) => {
    dismissible(root);
    fold(root);
    root.querySelector?.("[data-error-summary]")?.focus();
  };
  ready(document);
  document.addEventListener("htmx:load", (event) => {
    if (event.detail.elt !== document.body) ready(event.detail.elt);
  });
})();
