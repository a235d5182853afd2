/** Whether anyone can see an element: it is within the window, and the page is not hidden. */

import { type RefObject, useEffect, useState, useSyncExternalStore } from "react";

function onVisibility(tell: () => void): () => void {
  document.addEventListener("visibilitychange", tell);
  return () => document.removeEventListener("visibilitychange", tell);
}

export function useSeen(element: RefObject<Element | null>): boolean {
  const pageSeen = useSyncExternalStore(onVisibility, () => !document.hidden);
  const [within, setWithin] = useState(false);

  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver((entries) =>
      setWithin(entries.at(-1)?.isIntersecting ?? false),
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);

  return pageSeen && within;
}
