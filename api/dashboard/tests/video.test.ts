import { describe, expect, it } from "vitest";
import { keepLive } from "@/pictures/liveEdge";
import { codecTitle, readTold } from "@/pictures/video";

const span = (start: number, end: number) => ({ start, end });

describe("a video near the newest picture", () => {
  it("plays on as it is when it is a little behind", () => {
    expect(keepLive(9.7, 1, [span(8, 10)])).toEqual({ seek: null, rate: 1, forget: null });
  });

  it("begins near the end, wherever its clock stands", () => {
    expect(keepLive(0, 1, [span(100, 104)]).seek).toBeCloseTo(103.7);
    expect(keepLive(0, 1, [span(100, 100.04)]).seek).toBe(100);
  });

  it("hurries until it is near again", () => {
    expect(keepLive(9.3, 1, [span(0, 10)]).rate).toBeGreaterThan(1);
    expect(keepLive(9.5, 1.1, [span(0, 10)]).rate).toBeGreaterThan(1);
    expect(keepLive(9.75, 1.1, [span(0, 10)]).rate).toBe(1);
    expect(keepLive(9.5, 1, [span(0, 10)]).rate).toBe(1);
  });

  it("dawdles when hardly anything is left", () => {
    expect(keepLive(9.95, 1, [span(0, 10)]).rate).toBeLessThan(1);
    expect(keepLive(9.8, 0.95, [span(0, 10)]).rate).toBeLessThan(1);
    expect(keepLive(9.8, 1, [span(0, 10)]).rate).toBe(1);
  });

  it("jumps when it is more than a second behind, or over what was left out", () => {
    expect(keepLive(5, 1.1, [span(0, 10)])).toMatchObject({ seek: 9.7, rate: 1 });
    expect(keepLive(4.9, 1, [span(0, 5), span(5.5, 5.6)])).toMatchObject({ seek: 5.5 });
    expect(keepLive(12, 1, [span(0, 10)])).toMatchObject({ seek: 9.7 });
  });

  it("forgets what was seen, not too often", () => {
    expect(keepLive(9.7, 1, [span(0, 10)]).forget).toBeNull();
    expect(keepLive(19.7, 1, [span(0, 20)]).forget).toEqual({ start: 0, end: expect.closeTo(15.7) });
  });

  it("waits where there is nothing", () => {
    expect(keepLive(3, 1.1, [])).toEqual({ seek: null, rate: 1, forget: null });
  });
});

describe("what the server tells of a video", () => {
  it("is its codec, or how the camera is", () => {
    const video = { type: "video", codec: "avc1.64001F", mime: 'video/mp4; codecs="avc1.64001F"' };
    expect(readTold(JSON.stringify({ ...video, size: [1280, 720] }))).toEqual(video);
    expect(readTold('{"type":"state","state":"lost","reason":"no picture for 4 s"}')).toEqual({
      type: "state",
      state: "lost",
    });
  });

  it("may be what this page does not know", () => {
    expect(["", "null", "7", '{"type":"new"}', '{"type":"video"}'].map(readTold)).toEqual(
      Array(5).fill(null),
    );
  });

  it("has names that people know", () => {
    expect(["avc1.64001F", "hvc1.1.6.L93.B0", "vp09.00.10.08"].map(codecTitle)).toEqual([
      "H.264",
      "H.265",
      "vp09.00.10.08",
    ]);
  });
});
