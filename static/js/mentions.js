// @name in a comment: the people who read it, as a list while one types. By hand it works as well.
(() => {
  "use strict";

  const field = document.querySelector("textarea[data-mentions]");
  const form = field?.form;
  if (!form) return;
  const box = document.createElement("div");
  box.className = "combo mention-box";
  field.before(box);
  const list = document.createElement("ul");
  list.className = "combo-list";
  list.id = "mention-list";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.dataset.mentionsLabel || "");
  box.append(field, list);
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);

  let active = -1;
  let shown = [];
  let timer;
  let request;

  const begun = () => {
    const before = field.value.slice(0, field.selectionStart);
    const match = before.match(/(^|[^\w.+-])@([\p{L}][\p{L}'’ -]{0,60})?$/u);
    if (!match) return null;
    const text = match[2] || "";
    return { text, from: before.length - text.length };
  };
  const close = () => {
    list.hidden = true;
    active = -1;
    field.removeAttribute("aria-activedescendant");
  };
  const choose = (result) => {
    const place = begun();
    if (!place) return close();
    const after = field.value.slice(field.selectionStart);
    const put = `${result.text}${after.startsWith(" ") ? "" : " "}`;
    field.value = field.value.slice(0, place.from) + put + after;
    const end = place.from + put.length;
    field.setSelectionRange(end, end);
    close();
    field.focus();
  };
  const mark = (index) => {
    active = index;
    [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === index)));
    field.setAttribute("aria-activedescendant", list.children[index].id);
    list.children[index].scrollIntoView({ block: "nearest" });
  };
  const show = (results) => {
    shown = results;
    list.replaceChildren(
      ...results.map((result, index) => {
        const item = document.createElement("li");
        item.id = `mention-${index}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        item.textContent = result.text;
        const hint = document.createElement("small");
        hint.textContent = result.hint;
        item.append(hint);
        item.addEventListener("mousedown", (event) => {
          event.preventDefault();
          choose(result);
        });
        return item;
      }),
    );
    active = -1;
    list.hidden = !results.length;
    if (results.length) mark(0);
  };
  const search = async () => {
    const place = begun();
    if (!place) return close();
    request?.abort();
    request = new AbortController();
    const url = new URL(field.dataset.mentions, location.href);
    url.searchParams.set("q", place.text);
    if (form.querySelector('[name$="is_internal"]')?.checked) url.searchParams.set("internal", "1");
    try {
      const response = await fetch(url, { signal: request.signal, headers: { Accept: "application/json" } });
      if (response.ok && begun()) show((await response.json()).results);
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    if (!begun()) return close();
    timer = setTimeout(search, 150);
  });
  field.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark((active + (event.key === "ArrowDown" ? 1 : -1) + shown.length) % shown.length);
    } else if ((event.key === "Enter" || event.key === "Tab") && active >= 0) {
      event.preventDefault();
      choose(shown[active]);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
  });
  field.addEventListener("blur", close);
})();
