/** What this browser remembers of its user's taste. A browser that forbids storage just forgets. */

const PREFIX = "ngatu.";

/** The remembered choice, or the first of the choices there are. */
export function recall<T extends string>(name: string, choices: readonly [T, ...T[]]): T {
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(PREFIX + name);
  } catch {
    // Storage is forbidden.
  }
  return choices.find((choice) => choice === stored) ?? choices[0];
}

export function remember(name: string, choice: string): void {
  try {
    localStorage.setItem(PREFIX + name, choice);
  } catch {
    // Storage is forbidden.
  }
}
