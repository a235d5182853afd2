/**
 * Words of the page. Every string that people read is a pair, so that none can lack its translation:
 *
 *     const words = { open: { vi: "Mở", en: "Open" } } satisfies Words;
 *     t(words.open)
 *
 * Each folder keeps its own in `words.ts`. A phrase with gaps is a pair of functions.
 */

export const LANGUAGES = ["vi", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

export type Both<T> = Record<Language, T>;
export type Text = Both<string>;
// `never` takes functions of any parameters; `t` gives them back with their own.
export type Phrase = Both<(...gaps: never[]) => string>;
export interface Words {
  [name: string]: Text | Phrase | Words;
}
