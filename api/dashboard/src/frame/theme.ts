/** Dark or light. Dark unless the user chose otherwise: the operators' room is dark. */

import { recall, remember } from "@/preferences";

export type Theme = "dark" | "light";

export function chosenTheme(): Theme {
  return recall("theme", ["dark", "light"]);
}

export function showTheme(theme: Theme): void {
  remember("theme", theme);
  document.documentElement.dataset.theme = theme;
}
