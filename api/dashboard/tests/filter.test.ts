import { describe, expect, it } from "vitest";
import { filterOf, isFiltered, matches, NO_FILTER, withFilter } from "@/events/filter";
import type { Measurement } from "@/server/contract";
import { incident, passage } from "./builders";

describe("a filter", () => {
  it("comes back from the address as it went in", () => {
    const filter = {
      family: "incident",
      kind: "intrusion",
      camera: "chợ & bến",
      label: "person",
      open: true,
      before: "2026-11-24T07:05:00.000Z",
    } as const;
    expect(filterOf(withFilter("", filter))).toEqual(filter);
  });

  it("leaves the rest of the address alone, and nothing behind when it is cleared", () => {
    const search = withFilter("event=01&kind=intrusion&open=1", NO_FILTER);
    expect(search).toBe("event=01");
    expect(isFiltered(filterOf(search))).toBe(false);
  });

  it("takes words that it does not know for none", () => {
    expect(filterOf("family=gossip&label=dragon")).toEqual(NO_FILTER);
  });

  it("chooses live events as the server chooses stored ones", () => {
    expect(matches(NO_FILTER, passage(1))).toBe(true);
    expect(matches({ ...NO_FILTER, family: "incident" }, passage(1))).toBe(false);
    expect(matches({ ...NO_FILTER, family: "incident" }, incident(1))).toBe(true);
    expect(matches({ ...NO_FILTER, label: "car" }, passage(1))).toBe(false);
    expect(matches({ ...NO_FILTER, label: "car" }, incident(1, { label: null }))).toBe(false);
    expect(matches({ ...NO_FILTER, camera: "cau-vuot-1", kind: "line_crossing" }, passage(1))).toBe(true);
    expect(matches({ ...NO_FILTER, camera: "bridge" }, passage(1))).toBe(false);
  });

  it("shows measurements only to whom asks for them", () => {
    const minute = { ...passage(1), family: "measurement", kind: "zone_use" } as unknown as Measurement;
    expect(matches(NO_FILTER, minute)).toBe(false);
    expect(matches({ ...NO_FILTER, family: "measurement" }, minute)).toBe(true);
    expect(matches({ ...NO_FILTER, kind: "zone_use" }, minute)).toBe(true);
  });
});
