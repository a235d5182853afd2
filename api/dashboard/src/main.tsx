import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app";
import { chosenTheme, showTheme } from "@/frame/theme";
import "@/styles/tokens.css";
import "@/styles/base.css";
import "@/styles/frame.css";
import "@/styles/cameras.css";
import "@/styles/events.css";
import "@/styles/system.css";

showTheme(chosenTheme());
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
