import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { directionWords, kindWords, labelWords } from "@/events/words";
import { FAMILIES, LABELS } from "@/server/contract";

const SOURCE = fileURLToPath(new URL("../src", import.meta.url));
const modules = import.meta.glob<Record<string, unknown>>("../src/**/words.ts", { eager: true });

/** Each rule is a file of its own. */
const RULES = fileURLToPath(new URL("../../../vision/rules", import.meta.url));
const ruleKinds = readdirSync(RULES)
  .filter((file) => /^[a-z].*\.py$/.test(file))
  .map((file) => file.replace(".py", ""));

type Found = { path: string; vi: unknown; en: unknown };

/** All pairs in a tree of words. A pair is known by its keys: what has `vi` or `en` is meant to have both. */
function pairsIn(tree: unknown, path: string): Found[] {
  if (typeof tree !== "object" || tree === null) return [];
  if ("vi" in tree || "en" in tree) {
    const { vi, en } = tree as { vi?: unknown; en?: unknown };
    return [{ path, vi, en }];
  }
  return Object.entries(tree).flatMap(([name, branch]) => pairsIn(branch, `${path}.${name}`));
}

const pairs = Object.entries(modules).flatMap(([file, words]) => pairsIn(words, file));

/** A phrase with its gaps filled by what fits a text or a number alike. */
function said(words: unknown): string {
  return typeof words === "function" ? String(words(...Array(words.length).fill("7"))) : String(words);
}

describe("the dictionary", () => {
  it("is found", () => {
    expect(Object.keys(modules).length).toBeGreaterThanOrEqual(4);
    expect(pairs.length).toBeGreaterThan(150);
  });

  it.each(pairs)("$path says the same thing in both languages", ({ vi, en }) => {
    expect(typeof vi).toBe(typeof en);
    expect(said(vi).trim()).not.toBe("");
    expect(said(en).trim()).not.toBe("");
    if (typeof vi === "function" && typeof en === "function") expect(vi.length).toBe(en.length);
  });

  it("is written with its diacritics", () => {
    const plain = pairs.filter(
      ({ vi }) => said(vi).length > 12 && !/[^\p{ASCII}]/u.test(said(vi).replace(/[–…“”]/g, "")),
    );
    expect(plain.map(({ path }) => path)).toEqual([]);
  });

  it("has English that is English", () => {
    // The product's name, and the name of the Vietnamese language as its speakers write it.
    const own = /Ngã Tư|Tiếng Việt/;
    const strange = pairs.filter(({ en }) => !own.test(said(en)) && /[à-ỹđ]/i.test(said(en)));
    expect(strange.map(({ path }) => path)).toEqual([]);
  });

  it("knows every label, and the kinds of all rules", () => {
    expect(ruleKinds.length).toBeGreaterThan(20);
    expect(Object.keys(labelWords)).toEqual([...LABELS]);
    expect(Object.keys(kindWords)).toEqual([...FAMILIES]);
    expect(kindWords.passage).toHaveProperty("line_crossing");
    expect(kindWords.incident).toHaveProperty("loitering");
    const words = Object.values(kindWords).flatMap((kinds) => Object.keys(kinds));
    expect(words).toEqual(expect.arrayContaining(ruleKinds));
    expect(Object.keys(directionWords)).toEqual(expect.arrayContaining(["left", "right"]));
  });
});

const READ_BY_PEOPLE = new Set(["aria-label", "title", "alt", "placeholder"]);

/** Text written straight into the markup of a file, which no language switch would reach. */
function strayWords(file: string): string[] {
  const tree = ts.createSourceFile(
    file,
    readFileSync(file, "utf8"),
    ts.ScriptTarget.Latest,
    true,
    ts.ScriptKind.TSX,
  );
  const stray: string[] = [];
  const visit = (node: ts.Node) => {
    if (ts.isJsxText(node) && /\p{L}/u.test(node.text)) stray.push(node.text.trim());
    if (
      ts.isJsxAttribute(node) &&
      READ_BY_PEOPLE.has(node.name.getText()) &&
      node.initializer !== undefined &&
      ts.isStringLiteral(node.initializer)
    ) {
      stray.push(node.initializer.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return stray;
}

const markup = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((path) =>
  path.endsWith(".tsx"),
);

describe("the markup", () => {
  it.each(markup)("%s takes every word from the dictionary", (path) => {
    expect(strayWords(join(SOURCE, path))).toEqual([]);
  });
});
