/** How a wall of cameras is divided, so that the pictures are as large as the space allows. */

export interface WallSpace {
  width: number;
  height: number;
  /** Height of what stands under each picture. */
  caption: number;
  gap: number;
}

const ASPECT = 16 / 9;
/** Below this a picture says nothing at arm's length: the wall scrolls instead. */
const LEAST_WIDTH = 260;

export interface WallLayout {
  columns: number;
  /** Of one picture. */
  width: number;
}

export function wallLayout(count: number, { width, height, caption, gap }: WallSpace): WallLayout {
  let best: WallLayout = { columns: 1, width: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const rows = Math.ceil(count / columns);
    const byWidth = (width - gap * (columns - 1)) / columns;
    const byHeight = ((height - gap * (rows - 1)) / rows - caption) * ASPECT;
    const tile = Math.floor(Math.min(byWidth, byHeight));
    if (tile > best.width) best = { columns, width: tile };
  }
  if (best.width >= LEAST_WIDTH) return best;
  const columns = Math.max(1, Math.floor((width + gap) / (LEAST_WIDTH + gap)));
  return { columns, width: Math.max(0, Math.floor((width - gap * (columns - 1)) / columns)) };
}
