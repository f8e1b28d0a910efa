// Search as you type over a <select> or a text input that carries data-combobox (see components/README.md).
(() => {
  "use strict";
  let serial = 0;

  const enhance = (field) => {
    if (field.dataset.comboboxReady) return;
    field.dataset.comboboxReady = "1";
    const endpoint = field.dataset.combobox;
    const isSelect = field.tagName === "SELECT";
    const id = `combo-${++serial}`;
    const box = document.createElement("div");
    box.className = "combo";
    field.before(box);

    let input = field;
    if (isSelect) {
      input = document.createElement("input");
      input.type = "text";
      input.className = `${field.className.replace("form-select", "form-control")} combo-input`;
      input.placeholder = field.dataset.placeholder || field.querySelector('option[value=""]')?.textContent || "";
      input.value = field.value ? field.selectedOptions[0].textContent.trim() : "";
      input.disabled = field.disabled;
      // The label and the error summary go on pointing at the field's id.
      input.id = field.id;
      field.id = `${field.id}-value`;
      ["aria-describedby", "aria-invalid"].forEach((name) => {
        if (field.hasAttribute(name)) input.setAttribute(name, field.getAttribute(name));
      });
      if (field.required) {
        input.setAttribute("aria-required", "true");
        field.required = false;
      }
      field.hidden = true;
      box.append(input, field);
    } else {
      box.append(input);
    }
    input.classList.add("combo-input");
    input.insertAdjacentHTML(
      "afterend",
      `<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="${
        endpoint ? "M3 10a7 7 0 1 0 14 0a7 7 0 1 0 -14 0M21 21l-6 -6" : "M6 9l6 6l6 -6"
      }"/></svg>`,
    );
    const linked = field.dataset.comboboxValue ? document.querySelector(field.dataset.comboboxValue) : null;
    const list = document.createElement("ul");
    list.className = "combo-list";
    list.id = `${id}-list`;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", document.querySelector(`label[for="${input.id}"]`)?.textContent.trim() || "");
    list.hidden = true;
    box.append(list);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", list.id);
    input.autocomplete = "off";

    const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
    const options = () =>
      [...field.options]
        .filter((option) => option.value)
        .map((option) => ({ id: option.value, text: option.textContent.trim(), hint: option.dataset.hint }));

    let active = -1;
    let shown = [];
    let timer;
    let request;

    const close = () => {
      list.hidden = true;
      active = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    // What the page hears of is the choice, not each letter typed on the way to it.
    let told = field.value;
    let choosing = false;
    const tell = () => {
      if (field.value === told) return;
      told = field.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.dispatchEvent(new Event("change", { bubbles: true }));
    };
    const choose = (result) => {
      input.value = result.text;
      if (isSelect) {
        if (![...field.options].some((option) => option.value === String(result.id))) {
          field.add(new Option(result.text, result.id));
        }
        field.value = String(result.id);
        complain(false);
        tell();
      } else {
        input.dispatchEvent(new CustomEvent("combobox:chosen", { bubbles: true, detail: result }));
        choosing = true;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        input.dispatchEvent(new Event("change", { bubbles: true }));
        choosing = false;
      }
      if (linked) linked.value = result.id;
      close();
    };
    // A select holds a true choice or none. A text that names one is taken; any other stays, with a message.
    const unsettled = () => input.value.trim() !== "" && !field.value;
    const matching = (results) => {
      const wanted = plain(input.value.trim());
      const texts = results.map((result) => ({ result, text: plain(result.text) }));
      const exact = texts.find(({ text }) => text === wanted);
      if (exact) return exact.result;
      for (const fits of [(text) => text.startsWith(wanted), (text) => text.includes(wanted)]) {
        const fitting = texts.filter(({ text }) => fits(text));
        if (fitting.length) return fitting.length === 1 ? fitting[0].result : null;
      }
      return results.length === 1 && endpoint ? results[0] : null;
    };
    const takeMatch = () => {
      const found = matching(endpoint ? shown : options());
      if (found) choose(found);
      return Boolean(found);
    };
    const settle = async () => {
      if (!unsettled()) {
        if (!input.value.trim()) complain(false);
        tell();
        return;
      }
      if (endpoint) {
        const asked = input.value;
        clearTimeout(timer);
        await search();
        if (input.value !== asked || !unsettled()) return;
        if (document.activeElement !== input) close();
      }
      if (!takeMatch()) {
        complain(true);
        tell();
      }
    };
    let note;
    const complain = (wrong) => {
      if (!wrong && !note) return;
      if (wrong && !note) {
        note = document.createElement("p");
        note.className = "invalid-feedback combo-note";
        note.id = `${id}-note`;
        note.setAttribute("role", "alert");
        note.textContent = document.body.dataset.comboboxUnknown || "";
        box.after(note);
        const described = input.getAttribute("aria-describedby");
        input.setAttribute("aria-describedby", described ? `${described} ${note.id}` : note.id);
      }
      input.classList.toggle("is-invalid", wrong);
      if (wrong) {
        input.setAttribute("aria-invalid", "true");
        return;
      }
      input.removeAttribute("aria-invalid");
      const others = (input.getAttribute("aria-describedby") || "").split(" ").filter((one) => one !== note.id);
      if (others.join("")) input.setAttribute("aria-describedby", others.join(" "));
      else input.removeAttribute("aria-describedby");
      note.remove();
      note = undefined;
    };
    const mark = (index) => {
      active = index;
      [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === index)));
      const item = list.children[index];
      if (item) {
        input.setAttribute("aria-activedescendant", item.id);
        item.scrollIntoView({ block: "nearest" });
      }
    };
    const show = (results) => {
      shown = results;
      list.replaceChildren(
        ...results.map((result, index) => {
          const item = document.createElement("li");
          item.id = `${id}-${index}`;
          item.setAttribute("role", "option");
          item.setAttribute("aria-selected", "false");
          item.textContent = result.text;
          if (result.hint) {
            const hint = document.createElement("small");
            hint.textContent = result.hint;
            item.append(hint);
          }
          item.addEventListener("mousedown", (event) => {
            event.preventDefault();
            choose(result);
          });
          return item;
        }),
      );
      active = -1;
      list.hidden = !results.length;
      input.setAttribute("aria-expanded", String(!list.hidden));
    };
    const search = async () => {
      const query = input.value.trim();
      if (!endpoint) {
        const wanted = plain(query);
        show(
          options()
            .filter((option) => plain(option.text).includes(wanted))
            .slice(0, 50),
        );
        return;
      }
      if (query.length < 2) return close();
      request?.abort();
      request = new AbortController();
      try {
        const url = new URL(endpoint, location.href);
        url.searchParams.set("q", query);
        const response = await fetch(url, {
          signal: request.signal,
          headers: { Accept: "application/json" },
          credentials: "same-origin",
        });
        if (response.ok) show((await response.json()).results || []);
      } catch (error) {
        if (error.name !== "AbortError") close();
      }
    };
    input.addEventListener("input", (event) => {
      if (choosing) return;
      if (isSelect) {
        event.stopPropagation();
        field.value = "";
      }
      if (linked) linked.value = "";
      shown = [];
      clearTimeout(timer);
      if (endpoint) timer = setTimeout(search, 200);
      else search();
    });
    if (!endpoint) {
      input.addEventListener("click", () => {
        if (!list.hidden) return;
        input.select();
        const kept = input.value;
        input.value = "";
        search();
        input.value = kept;
      });
    }
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) {
          clearTimeout(timer);
          search().then(() => shown.length && !list.hidden && mark(0));
          return;
        }
        const step = event.key === "ArrowDown" ? 1 : -1;
        mark((active + step + shown.length) % shown.length);
      } else if (event.key === "Enter" && !list.hidden && active >= 0) {
        event.preventDefault();
        choose(shown[active]);
      } else if (event.key === "Enter" && isSelect && unsettled()) {
        event.preventDefault();
        settle();
      } else if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        close();
      }
    });
    input.addEventListener("blur", () => {
      close();
      if (isSelect) settle();
    });
    // Sending the form with a text that means nothing would lose it.
    input.form?.addEventListener(
      "submit",
      (event) => {
        if (!isSelect || !input.isConnected || !unsettled() || takeMatch()) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        complain(true);
        input.focus();
      },
      true,
    );
    if (isSelect) input.addEventListener("change", (event) => event.stopPropagation());
  };

  const ready = (root) => root.querySelectorAll("[data-combobox]").forEach(enhance);
  ready(document);
  document.addEventListener("htmx:load", (event) => ready(event.detail.elt));
})();
