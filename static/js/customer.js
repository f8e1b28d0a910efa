// An earlier customer chosen by its name brings what was typed of it: country, town, domain, number.
(() => {
  "use strict";

  const name = document.querySelector('[name="customer_name"][data-combobox]');
  const form = name?.form;
  if (!form) return;
  const filled = {};
  let picked = "";

  const put = (field, value) => {
    if (!field) return;
    const ours = filled[field.name] !== undefined && field.value === filled[field.name];
    // What the person typed stays where the earlier deal says nothing.
    if (!value && !ours) return;
    if (field.tagName === "SELECT" && ![...field.options].some((option) => option.value === value)) return;
    field.value = value;
    filled[field.name] = value;
  };
  const showTown = () => {
    const town = form.elements.customer_city?.value || "";
    const note = form.querySelector("[data-town]");
    if (!note) return;
    note.hidden = !town;
    note.querySelector("bdi").textContent = town;
  };

  name.addEventListener("combobox:chosen", (event) => {
    picked = event.detail.text;
    Object.entries(event.detail.fill || {}).forEach(([field, value]) => put(form.elements[field], value));
    if (form.elements.customer_city) form.elements.customer_city.value = event.detail.fill?.customer_city || "";
    showTown();
  });
  // Another name is another company: the town was the earlier one's.
  name.addEventListener("input", () => {
    if (name.value === picked || !form.elements.customer_city) return;
    form.elements.customer_city.value = "";
    showTown();
  });
  showTown();
})();
