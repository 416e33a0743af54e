// Before the page is drawn: dark where the machine is dark and the person has not said otherwise.
if (!document.documentElement.dataset.bsTheme && matchMedia("(prefers-color-scheme: dark)").matches) {
  document.documentElement.dataset.bsTheme = "dark";
}
