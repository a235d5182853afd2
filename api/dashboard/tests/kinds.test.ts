import { describe, expect, it } from "vitest";
import { kindsThereAre } from "@/events/kinds";
import { camera } from "./builders";

describe("the kinds to choose from", () => {
  it("are those that happened and those that rules look for, by family", () => {
    const watching = camera({ rules: [{ id: "stop", kind: "red_light" }] });
    const happened = [
      { family: "incident", kind: "camera_lost" },
      { family: "passage", kind: "line_crossing" },
    ] as const;
    expect(kindsThereAre(happened, [watching, camera()])).toEqual([
      { family: "passage", kinds: ["line_crossing"] },
      { family: "violation", kinds: ["red_light"] },
      { family: "incident", kinds: ["camera_lost"] },
    ]);
  });

  it("hold each kind once, in the order of the dictionary, and unknown ones last", () => {
    const watching = camera({
      rules: [
        { id: "a", kind: "loitering" },
        { id: "b", kind: "intrusion" },
        { id: "c", kind: "intrusion" },
        { id: "d", kind: "something_new" },
      ],
    });
    const happened = [
      { family: "incident", kind: "earthquake" },
      { family: "incident", kind: "intrusion" },
    ] as const;
    expect(kindsThereAre(happened, [watching])).toEqual([
      { family: "incident", kinds: ["intrusion", "loitering", "earthquake"] },
    ]);
  });

  it("are none where nothing happened and nobody looks", () => {
    expect(kindsThereAre([], [camera()])).toEqual([]);
  });
});
