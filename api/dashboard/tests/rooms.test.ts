import { describe, expect, it } from "vitest";
import { doorOf, rooms } from "@/rooms";

describe("the rooms", () => {
  it("are found, in order, each with its own door", () => {
    expect(rooms.map(doorOf)).toEqual(["/live", "/events", "/system"]);
    expect(new Set(rooms.map((room) => room.order)).size).toBe(rooms.length);
  });
});
