// Runs before the first paint: follows the device where the reader has chosen "as the device".
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const choice = root.dataset.theme || "auto";
    root.dataset.bsTheme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
  };
  root.classList.add("js");
  apply();
  dark.addEventListener("change", apply);
  window.portalTheme = (choice) => {
    root.dataset.theme = choice;
    apply();
  };
})();
