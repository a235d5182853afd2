import { describe, expect, it } from "vitest";
import { facts, kindWord, summary } from "@/events/facts";
import { formatIn } from "@/language/format";
import type { Both, Language } from "@/language/text";
import type { Measurement, Violation } from "@/server/contract";
import { incident, passage } from "./builders";

const speech = (language: Language) => ({
  t: <T>(pair: Both<T>) => pair[language],
  format: formatIn(language, "Asia/Ho_Chi_Minh"),
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
    expect(summary(fast, vi)).toEqual(["Xe máy", "sang trái", "42,3 ± 1,5 km/h"]);
    expect(summary(fast, en)).toEqual(["Motorcycle", "to the left", "42.3 ± 1.5 km/h"]);
    expect(summary(passage(1, { direction: "hướng chợ" }), vi)).toEqual(["Xe máy", "hướng chợ"]);
    const turn = passage(1, { kind: "movement", line: null, direction: null, from: "bắc", to: "đông" });
    expect(summary(turn, vi)).toEqual(["Xe máy", "bắc → đông"]);
  });

  it("says what was measured against what is allowed", () => {
    expect(summary(speeding, vi)).toEqual(["Xe máy", "72,4 km/h (cho phép 50 km/h)"]);
    expect(summary({ ...speeding, error: 2.1 }, vi)).toEqual([
      "Xe máy",
      "72,4 ± 2,1 km/h (cho phép 50 km/h)",
    ]);
    expect(summary({ ...speeding, kind: "illegal_parking", measured: 65, limit: 60, unit: "s" }, en)).toEqual(
      ["Motorcycle", "1 min 5 s (limit 1 min)"],
    );
  });

  it("says whether an incident goes on", () => {
    expect(summary(incident(5), vi)).toEqual(["Xe máy", "đang diễn ra"]);
    expect(summary(incident(5, { status: "ended", began_s: 4, ended_s: 69 }), vi)).toEqual([
      "Xe máy",
      "đã hết, kéo dài 1 phút 5 giây",
    ]);
    expect(
      summary(incident(5, { status: "ended", began_s: 4, ended_s: 69, outcome: "unknown" }), vi),
    ).toContain("mất quan sát sau 1 phút 5 giây, không rõ kết thúc");
  });

  it("says how much of an interval was watched", () => {
    expect(summary(minute, vi)).toEqual(["main", "lượt qua 7", "1 phút", "theo dõi 98%"]);
    const turn = { ...minute, line: null, from: "bắc", to: "đông", values: {} };
    expect(summary(turn, en)).toEqual(["bắc → đông", "1 min", "98% watched"]);
    const heat = { ...minute, kind: "heat_map", line: null, values: { "3,4": 12 } };
    expect(summary(heat, en)).toEqual(["1 min", "98% watched"]);
  });

  it("leaves out of the detail what the event does not have", () => {
    const names = (list: { name: Both<string> }[]) => list.map((fact) => fact.name.en);
    expect(names(facts(passage(1), "Cầu vượt", vi))).not.toContain("Speed");
    expect(names(facts(speeding, "Cầu vượt", vi))).toEqual(
      expect.arrayContaining(["Time", "Camera", "Measured", "Limit", "Law code", "Event id"]),
    );
    expect(facts(minute, "Cầu vượt", en).map((fact) => fact.value)).toContain(
      "volume 7; flow (away) 420.5 veh/h; level of service C; rho 1",
    );
  });
});
