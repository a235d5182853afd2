/** The rooms of the house. Each file in `rooms/` is one; the rail and the router find it by themselves. */

import type { LucideIcon } from "lucide-react";
import type { ComponentType } from "react";
import type { Text } from "@/language/text";

export interface Room {
  /** Address, with parameters as the router writes them: `/live/:camera?` */
  path: string;
  /** Place in the rail, from the top. */
  order: number;
  title: Text;
  icon: LucideIcon;
  Page: ComponentType;
}

const files = import.meta.glob<{ room: Room }>("./rooms/*.tsx", { eager: true });

export const rooms: readonly Room[] = Object.values(files)
  .map((file) => file.room)
  .sort((a, b) => a.order - b.order);

/** Where a room begins: its path without parameters. */
export function doorOf(room: Room): string {
  return room.path.replace(/\/:.*$/, "");
}
