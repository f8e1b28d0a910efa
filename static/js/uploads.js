// Files by drag and drop onto the ordinary field: size, type and number looked at before they are sent,
// each file's fault said in words. With data-upload each is sent at once, with progress, as soon as its
// type and date are chosen. Without this the field and its button do the same.
(() => {
  "use strict";

  const language = document.documentElement.lang;
  const unit = (name) => new Intl.NumberFormat(language, { style: "unit", unit: name, maximumFractionDigits: 1 });
  const sizeText = (bytes) =>
    bytes < 1e6 ? unit("kilobyte").format(Math.max(1, Math.round(bytes / 1e3))) : unit("megabyte").format(bytes / 1e6);

  const enhance = (input) => {
    if (input.dataset.dropReady) return;
    input.dataset.dropReady = "1";
    const words = input.dataset;
    const most = Number(words.maxBytes || Infinity);
    const allowed = (input.accept || "").split(",").map((one) => one.trim().toLowerCase()).filter(Boolean);
    let places = Number(words.maxFiles || (input.multiple ? 10 : 1));

    const zone = document.createElement("div");
    zone.className = "drop-zone";
    input.before(zone);
    const hint = document.createElement("p");
    hint.className = "drop-hint";
    hint.textContent = words.dropHint || "";
    const list = document.createElement("ul");
    list.className = "file-list drop-list";
    const said = document.createElement("p");
    said.className = "visually-hidden";
    said.setAttribute("role", "status");
    zone.append(hint, input, list, said);

    const fault = (file) => {
      const name = file.name.toLowerCase();
      if (allowed.length && !allowed.some((end) => name.endsWith(end))) return words.wrongType;
      if (!file.size) return words.isEmpty;
      if (file.size > most) return words.tooBig;
      return "";
    };
    const row = (file, text, bad) => {
      const item = document.createElement("li");
      item.classList.toggle("file-refused", bad);
      const name = document.createElement("span");
      name.className = "file-name";
      name.textContent = file.name;
      const size = document.createElement("span");
      size.className = "file-size";
      size.textContent = text || sizeText(file.size);
      const remove = document.createElement("button");
      remove.type = "button";
      remove.className = "btn btn-sm btn-ghost btn-icon";
      remove.setAttribute("aria-label", (words.remove || "").replace("{name}", file.name));
      remove.textContent = "×";
      item.append(name, size, remove);
      return { item, size, remove };
    };
    const refused = [];
    const set = (files) => {
      const kept = new DataTransfer();
      files.forEach((file) => kept.items.add(file));
      input.files = kept.files;
    };
    const same = (one, other) => one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;
    const draw = () => {
      list.replaceChildren();
      [...input.files].forEach((file) => {
        const { item, remove } = row(file, "", false);
        remove.addEventListener("click", () => {
          set([...input.files].filter((other) => !same(other, file)));
          draw();
          input.focus();
        });
        list.append(item);
      });
      refused.forEach((one) => {
        const { item, remove } = row(one.file, one.text, true);
        remove.addEventListener("click", () => {
          refused.splice(refused.indexOf(one), 1);
          draw();
        });
        list.append(item);
      });
    };
    const take = (files, before) => {
      refused.length = 0;
      const kept = input.multiple ? [...before] : [];
      files.forEach((file) => {
        if (kept.some((other) => same(other, file))) return;
        const text = fault(file) || (kept.length >= places ? words.tooMany : "");
        if (text) refused.push({ file, text });
        else kept.push(file);
      });
      set(kept);
      draw();
      said.textContent = refused.map((one) => `${one.file.name}: ${one.text}`).join(" ");
      send();
    };

    let before = [];
    input.addEventListener("click", () => (before = [...input.files]));
    input.addEventListener("change", (event) => {
      if (event.detail?.ours) return;
      take([...input.files], before);
      before = [];
    });
    ["dragenter", "dragover"].forEach((kind) =>
      zone.addEventListener(kind, (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        zone.classList.add("drop-over");
      }),
    );
    zone.addEventListener("dragleave", (event) => {
      if (!zone.contains(event.relatedTarget)) zone.classList.remove("drop-over");
    });
    zone.addEventListener("drop", (event) => {
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      zone.classList.remove("drop-over");
      take([...event.dataTransfer.files], [...input.files]);
    });

    // Sending at once, where the page offers it.
    const form = input.form;
    const address = words.upload;
    const facts = address ? ["kind", "dated_on"].map((name) => form.elements[name]) : [];
    const button = address ? form.querySelector('[name="action"][value="upload"]') : null;
    let busy = false;
    let waiting = null;
    const post = (file, size) =>
      new Promise((done) => {
        const body = new FormData();
        body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
        facts.forEach((field) => body.set(field.name, field.value));
        body.set(input.name, file);
        const request = new XMLHttpRequest();
        const bar = document.createElement("progress");
        bar.max = 100;
        bar.setAttribute("aria-label", file.name);
        size.replaceChildren(bar);
        request.upload.addEventListener("progress", (event) => {
          if (event.lengthComputable) bar.value = Math.round((event.loaded / event.total) * 100);
        });
        request.addEventListener("loadend", () => {
          let answer = {};
          try {
            answer = JSON.parse(request.responseText);
          } catch {
            // No answer of ours: told below.
          }
          done(request.status === 200 ? answer : { error: answer.error || words.failed });
        });
        request.open("POST", address);
        request.setRequestHeader("Accept", "application/json");
        request.send(body);
      });
    const send = async () => {
      if (!address || busy || !input.files.length || facts.some((field) => !field.value)) return;
      busy = true;
      const told = [];
      for (const file of [...input.files]) {
        const place = [...list.children].find((item) => item.firstChild.textContent === file.name);
        const answer = await post(file, place.querySelector(".file-size"));
        set([...input.files].filter((other) => !same(other, file)));
        if (answer.error) {
          refused.push({ file, text: answer.error });
          told.push(`${file.name}: ${answer.error}`);
        } else {
          document.getElementById("kept-files").innerHTML = answer.kept;
          places = answer.left;
          told.push((words.sent || "").replace("{name}", file.name));
        }
        draw();
      }
      busy = false;
      said.textContent = told.join(". ");
      zone.classList.toggle("drop-full", places <= 0);
      const onward = waiting;
      waiting = null;
      if (onward && !refused.length) form.requestSubmit(onward.submitter);
    };
    facts.forEach((field) => field.addEventListener("change", send));
    // Who continues while a file is on its way waits for it: it would be sent a second time.
    if (address) {
      form.addEventListener("submit", (event) => {
        if (!busy) return;
        event.preventDefault();
        waiting = { submitter: event.submitter };
      });
    }
    if (button) {
      button.addEventListener("click", (event) => {
        if (!input.files.length || facts.some((field) => !field.value)) return;
        event.preventDefault();
        send();
      });
    }
  };

  const ready = (root) => root.querySelectorAll?.('input[type="file"][data-max-bytes]').forEach(enhance);
  ready(document);
  document.addEventListener("htmx:load", (event) => ready(event.detail.elt));
  // A file that misses the field must not replace the page.
  ["dragover", "drop"].forEach((kind) =>
    addEventListener(kind, (event) => {
      if (event.dataTransfer?.types.includes("Files") && !event.defaultPrevented) event.preventDefault();
    }),
  );
})();
