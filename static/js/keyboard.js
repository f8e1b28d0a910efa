// Shortcuts of a single key. Loaded only for those who have not switched them off (WCAG 2.1.4), and
// silent while somebody types.
(() => {
  "use strict";

  const dialog = document.getElementById("keyboard-dialog");
  const typing = (element) =>
    element?.isContentEditable || element?.matches?.("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [role=combobox], [role=textbox]");
  const rows = () =>
    [...document.querySelectorAll("main table tbody tr")].filter((row) => row.querySelector("a[href]") && row.offsetParent);
  const current = () => document.querySelector("tr.row-current");

  const go = (step) => {
    const all = rows();
    if (!all.length) return false;
    const before = all.indexOf(current());
    const next = all[before < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(before + step, 0), all.length - 1)];
    current()?.classList.remove("row-current");
    next.classList.add("row-current");
    // The focus goes along: Enter opens, and a screen reader says where one is.
    next.querySelector("a[href]").focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    return true;
  };
  const search = () => {
    const field = [...document.querySelectorAll("#portal-search, main input[type=search]")].find((one) => one.offsetParent);
    field?.focus();
    field?.select();
    return Boolean(field);
  };
  const help = () => {
    if (!dialog) return false;
    document.querySelectorAll("details.pop[open]").forEach((pop) => (pop.open = false));
    if (!dialog.open) dialog.showModal();
    return true;
  };
  const register = () => {
    if (!dialog?.dataset.new) return false;
    location.assign(dialog.dataset.new);
    return true;
  };
  const select = () => {
    const box = current()?.querySelector("input[type=checkbox]");
    box?.click();
    return Boolean(box);
  };
  const keys = { "/": search, "?": help, n: register, j: () => go(1), k: () => go(-1), x: select };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    const act = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
    if (act?.()) event.preventDefault();
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("main table tbody tr");
    if (current() && row !== current()) current().classList.remove("row-current");
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-keyboard-help]")) help();
  });
})();
