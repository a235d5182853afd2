import { describe, expect, it } from "vitest";
import { facts, kindWord, summary } from "@/events/facts";
import { namesOf } from "@/events/names";
import { formatIn } from "@/language/format";
import type { Both, Language } from "@/language/text";
import type { Measurement, SceneEvent, Violation } from "@/server/contract";
import { incident, passage } from "./builders";

const speech = (language: Language) => ({
  t: <T>(pair: Both<T>) => pair[language],
  format: formatIn(language, "Asia/Ho_Chi_Minh"),
});
const yard = { kind: "zone", id: "yard", name: "Sân kho" } as const;
const bus = { kind: "lane", id: "bus", name: "Làn xe buýt" } as const;
const near = { kind: "signal", id: "near", name: "Đèn hướng chợ" } as const;
const main = { kind: "line", id: "main", name: "Vạch đếm" } as const;
/** As the site file names them: the zone `main` has no name of its own. */
const names = namesOf({
  "cau-vuot-1": {
    name: "Cầu vượt",
    parts: [
      main,
      { kind: "line", id: "bắc", name: "Từ bắc" },
      { ...yard, id: "main", name: null },
      yard,
      bus,
      near,
    ],
    rules: [
      { id: "fence", kind: "intrusion", parts: [yard] },
      { id: "red", kind: "red_light", parts: [main, near] },
    ],
  },
});
const vi = speech("vi");
const en = speech("en");

const { line: _, direction: __, speed_kmh: ___, speed_error_kmh: ____, ...common } = passage(7);
const speeding: Violation = {
  ...common,
  family: "violation",
  kind: "speeding",
  fired_s: 8,
  measured: 72.4,
  limit: 50,
  unit: "km/h",
  phase: null,
  code: "16824.7.8.a.01",
  case: null,
};
const minute: Measurement = {
  ...common,
  label: null,
  family: "measurement",
  kind: "line_flow",
  line: "main",
  began_s: 0,
  ended_s: 60,
  values: { volume: 7, "flow_veh_h:away": 420.5, level_of_service: 3, rho: 1 },
  by_label: {},
  completeness: 0.98,
};

describe("an event in words", () => {
  it("has its kind in both languages, and an unknown kind as it is written", () => {
    expect(kindWord(passage(1), vi)).toBe("Qua vạch đếm");
    expect(kindWord(passage(1), en)).toBe("Line crossing");
    expect(kindWord(passage(1, { kind: "u_turn" }), vi)).toBe("u turn");
  });

  it("says who, where to, how fast", () => {
    const fast = passage(1, { speed_kmh: 42.34, speed_error_kmh: 1.5 });
    expect(summary(fast, names, vi)).toEqual(["Xe máy", "sang trái", "42,3 ± 1,5 km/h"]);
    expect(summary(fast, names, en)).toEqual(["Motorcycle", "to the left", "42.3 ± 1.5 km/h"]);
    expect(summary(passage(1, { direction: "hướng chợ" }), names, vi)).toEqual(["Xe máy", "hướng chợ"]);
    const turn = passage(1, { kind: "movement", line: null, direction: null, from: "bắc", to: "đông" });
    expect(summary(turn, names, vi)).toEqual(["Xe máy", "Từ bắc → đông"]);
  });

  it("says what was measured against what is allowed", () => {
    expect(summary(speeding, names, vi)).toEqual(["Xe máy", "72,4 km/h (cho phép 50 km/h)"]);
    expect(summary({ ...speeding, error: 2.1 }, names, vi)).toEqual([
      "Xe máy",
      "72,4 ± 2,1 km/h (cho phép 50 km/h)",
    ]);
    expect(
      summary({ ...speeding, kind: "illegal_parking", measured: 65, limit: 60, unit: "s" }, names, en),
    ).toEqual(["Motorcycle", "1 min 5 s (limit 1 min)"]);
  });

  it("says whether an incident goes on", () => {
    expect(summary(incident(5), names, vi)).toEqual(["Xe máy", "đang diễn ra"]);
    expect(summary(incident(5, { status: "ended", began_s: 4, ended_s: 69 }), names, vi)).toEqual([
      "Xe máy",
      "đã hết, kéo dài 1 phút 5 giây",
    ]);
    expect(
      summary(incident(5, { status: "ended", began_s: 4, ended_s: 69, outcome: "unknown" }), names, vi),
    ).toContain("mất quan sát sau 1 phút 5 giây, không rõ kết thúc");
  });

  it("says how much of an interval was watched", () => {
    expect(summary(minute, names, vi)).toEqual(["Vạch đếm", "lượt qua 7", "1 phút", "theo dõi 98%"]);
    const turn = { ...minute, line: null, from: "bắc", to: "đông", values: {} };
    expect(summary(turn, names, en)).toEqual(["Từ bắc → đông", "1 min", "98% watched"]);
    const heat = { ...minute, kind: "heat_map", line: null, values: { "3,4": 12 } };
    expect(summary(heat, names, en)).toEqual(["1 min", "98% watched"]);
  });

  it("leaves out of the detail what the event does not have", () => {
    const called = (list: { name: Both<string> }[]) => list.map((fact) => fact.name.en);
    expect(called(facts(passage(1), names, vi))).not.toContain("Speed");
    expect(called(facts(speeding, names, vi))).toEqual(
      expect.arrayContaining(["Time", "Camera", "Measured", "Limit", "Law code", "Event id"]),
    );
    expect(facts(minute, names, en).map((fact) => fact.value)).toContain(
      "volume 7; flow (away) 420.5 veh/h; level of service C; rho 1",
    );
  });

  it("calls lines, zones, lanes and signals by their names; the ids stand beside them", () => {
    const found = (event: SceneEvent) =>
      facts(event, names, vi).flatMap(({ name, value, ids }) =>
        ["Line", "Zone", "Lane", "Signal", "From – to", "Camera"].includes(name.en) ? [[value, ids]] : [],
      );
    const camera = ["Cầu vượt", "cau-vuot-1"];
    expect(found(passage(1))).toEqual([camera, ["Vạch đếm", "main"]]);
    const turn = passage(1, { line: null, direction: null, from: "bắc", to: "đông" });
    expect(found(turn)).toEqual([camera, ["Từ bắc → đông", "bắc → đông"]]);
    expect(found({ ...minute, line: null, zone: "bus" })).toEqual([camera, ["Làn xe buýt", "bus"]]);
    expect(found({ ...minute, line: null, zone: "main" })).toEqual([camera, ["main", undefined]]);
    expect(found(incident(5, { rule: "fence" }))).toEqual([camera, ["Sân kho", "yard"]]);
    const red: Violation = { ...speeding, kind: "red_light", rule: "red" };
    expect(found(red)).toEqual([camera, ["Vạch đếm", "main"], ["Đèn hướng chợ", "near"]]);
    expect(found(incident(5, { camera: "gone", rule: "gone" }))).toEqual([["gone", undefined]]);
  });
});
