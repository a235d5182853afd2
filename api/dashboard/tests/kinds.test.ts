import { describe, expect, it } from "vitest";
import { kindsThereAre } from "@/events/kinds";
import { camera } from "./builders";

function rule(kind: string) {
  return { id: `one ${kind}`, kind, parts: [] };
}

describe("the kinds to choose from", () => {
  it("are those that happened and those that rules look for, by family", () => {
    const watching = camera({ rules: [rule("red_light")] });
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
      rules: [rule("loitering"), rule("intrusion"), rule("intrusion"), rule("something_new")],
    });
    const happened = [
      { family: "incident", kind: "earthquake" },
      { family: "incident", kind: "intrusion" },
    ] as const;
    expect(kindsThereAre(happened, [watching])).toEqual([
      { family: "incident", kinds: ["intrusion", "loitering", "earthquake"] },
    ]);
  });

  it("of one camera are those of its own rules, and those that no rule of another has to answer for", () => {
    const gate = camera({ id: "gate", rules: [rule("intrusion")] });
    const road = camera({ id: "road", rules: [rule("red_light"), rule("wrong_way")] });
    const happened = [
      { family: "violation", kind: "red_light" },
      { family: "violation", kind: "speeding" },
      { family: "incident", kind: "camera_lost" },
    ] as const;
    expect(kindsThereAre(happened, [gate, road], "gate")).toEqual([
      { family: "violation", kinds: ["speeding"] },
      { family: "incident", kinds: ["intrusion", "camera_lost"] },
    ]);
  });

  it("are none where nothing happened and nobody looks", () => {
    expect(kindsThereAre([], [camera()])).toEqual([]);
  });
});
