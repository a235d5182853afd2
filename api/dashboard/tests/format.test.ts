import { describe, expect, it } from "vitest";
import { formatIn } from "@/language/format";

const HOME = "Asia/Ho_Chi_Minh";
const vi = formatIn("vi", HOME);
const en = formatIn("en", HOME);
const AFTERNOON = "2026-11-24T07:05:09.120Z";

describe("dates", () => {
  it("are in the site's time zone, not the browser's", () => {
    expect(vi.dateTime(AFTERNOON)).toBe("24/11/2026 14:05");
    expect(formatIn("vi", "UTC").dateTime(AFTERNOON)).toBe("24/11/2026 07:05");
  });

  it("are the same in both languages, day first", () => {
    expect(en.dateTime("2026-03-04T17:30:00Z")).toBe("05/03/2026 00:30");
    expect(vi.dateTime("2026-03-04T17:30:00Z")).toBe("05/03/2026 00:30");
  });

  it("write midnight as 00, not as 24", () => {
    expect(vi.time("2026-11-23T17:00:07Z")).toBe("00:00:07");
  });

  it("leave out the day only if it is today at the site", () => {
    expect(vi.when(AFTERNOON, "24/11/2026")).toBe("14:05:09");
    // Still the 23rd in UTC, already the 24th here.
    expect(vi.when("2026-11-23T17:30:00Z", "24/11/2026")).toBe("00:30:00");
    expect(vi.when("2026-11-23T16:59:59Z", "24/11/2026")).toBe("23/11/2026 23:59");
    expect(vi.when(AFTERNOON, null)).toBe("24/11/2026 14:05");
  });

  it("fall back to UTC in a zone that the browser does not know", () => {
    expect(formatIn("vi", "Moon/Tycho").time(AFTERNOON)).toBe("07:05:09");
  });

  it("show a dash for what is no moment", () => {
    expect(vi.dateTime("soon")).toBe("–");
  });
});

describe("numbers", () => {
  it("have a decimal comma in Vietnamese and a point in English", () => {
    expect(vi.number(42.34, 1)).toBe("42,3");
    expect(en.number(42.34, 1)).toBe("42.3");
    expect(vi.number(41_250)).toBe("41.250");
    expect(en.number(41_250)).toBe("41,250");
    expect(vi.percent(0.98)).toBe("98%");
  });
});

describe("durations", () => {
  it.each([
    [0, "0 giây", "0 s"],
    [45.4, "45 giây", "45 s"],
    [120, "2 phút", "2 min"],
    [125, "2 phút 5 giây", "2 min 5 s"],
    [3_600 * 3 + 61, "3 giờ 1 phút", "3 h 1 min"],
    [86_400 * 2 + 30, "2 ngày", "2 d"],
    [-3, "0 giây", "0 s"],
  ])("%d s", (seconds, inVietnamese, inEnglish) => {
    expect(vi.duration(seconds)).toBe(inVietnamese);
    expect(en.duration(seconds)).toBe(inEnglish);
  });
});
