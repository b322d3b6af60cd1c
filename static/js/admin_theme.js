// The theme that was chosen in the portal, before anything is drawn. Without a choice the system's stands.
const chosen = document.querySelector("meta[name=portal-theme]").content;
if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
