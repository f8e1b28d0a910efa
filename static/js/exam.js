// The time left in an exam. Without it the page says until when, and the answers are kept all the same.
(() => {
  const form = document.getElementById("exam");
  const clock = form && form.querySelector("[data-clock]");
  if (!clock) return;
  const end = performance.now() + Number(form.dataset.seconds) * 1000;

  const show = () => {
    const left = Math.max(0, Math.round((end - performance.now()) / 1000));
    const minutes = String(Math.floor(left / 60)).padStart(2, "0");
    clock.textContent = `${minutes}:${String(left % 60).padStart(2, "0")}`;
    clock.classList.toggle("is-short", left < 300);
    if (left === 0) {
      clearInterval(timer);
      // What was kept in time is judged; the page then shows the result.
      setTimeout(() => window.location.reload(), 1500);
    }
  };
  clock.hidden = false;
  const timer = setInterval(show, 1000);
  show();
})();
