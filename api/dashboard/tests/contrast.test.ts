import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync(new URL("../src/styles/tokens.css", import.meta.url), "utf8");

/** The colours of a theme by name. */
function colours(theme: string): Record<string, string> {
  const block = css.split(`[data-theme="${theme}"]`)[1]?.split("}")[0] ?? "";
  return Object.fromEntries(
    [...block.matchAll(/--([a-z-]+):\s*(#[0-9a-f]{6})/g)].map(([, name, hex]) => [name, hex]),
  );
}

/** Relative luminance, WCAG 2.1. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

const TEXTS = ["text", "text-calm", "link", "critical", "warning", "info"];
const GROUNDS = ["ground", "surface", "raised", "chosen"];

describe.each(["dark", "light"])("the %s theme", (theme) => {
  const named = colours(theme);
  const ratio = (a: string, b: string) => contrast(named[a] ?? "", named[b] ?? "");

  it.each(TEXTS.flatMap((text) => GROUNDS.map((ground) => [text, ground] as const)))(
    "%s can be read on %s (WCAG AA: 4.5)",
    (text, ground) => {
      expect(ratio(text, ground)).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each([
    ["critical", "critical-ground", 4.5],
    ["text", "critical-ground", 4.5],
    ["link", "critical-ground", 4.5],
    ["focus", "critical-ground", 3],
    ["warning", "warning-ground", 4.5],
    ["text", "fresh", 4.5],
    ["text-calm", "fresh", 4.5],
    // Borders of controls and the focus ring: 3.
    ["control", "surface", 3],
    ["focus", "surface", 3],
    ["focus", "ground", 3],
  ] as const)("%s stands out from %s (%d)", (a, b, least) => {
    expect(ratio(a, b)).toBeGreaterThanOrEqual(least);
  });
});
