import { describe, expect, it } from "vitest";
import { beginning, clipCodecTitle, clipOf, isPlayable } from "@/events/clip";
import { clipDueIn } from "@/events/useClip";
import { Problem, problemOf } from "@/server/client";

const told = {
  "X-Clip-From": "2026-11-24T07:15:12.120Z",
  "X-Clip-To": "2026-11-24T07:15:32.520Z",
  "X-Clip-Missing-S": "1.5",
  "X-Clip-Codec": "hevc",
};
const clip = clipOf("/clip.mp4", new Headers(told));

describe("a clip", () => {
  it("says what it shows", () => {
    expect(clip).toEqual({
      path: "/clip.mp4",
      from: told["X-Clip-From"],
      to: told["X-Clip-To"],
      missingS: 1.5,
      codec: "hevc",
    });
    expect(clipCodecTitle(clip)).toBe("H.265");
    expect(clipCodecTitle({ ...clip, codec: "av1" })).toBe("av1");
  });

  it("is played where the browser knows its codec; one that nobody knows is tried", () => {
    const plays = (known: string) => (type: string) => (type.includes(known) ? "probably" : "");
    expect(isPlayable(clip, plays("avc1"))).toBe(false);
    expect(isPlayable(clip, plays("hvc1"))).toBe(true);
    expect(isPlayable({ ...clip, codec: "h264" }, plays("avc1"))).toBe(true);
    expect(isPlayable({ ...clip, codec: null }, plays("avc1"))).toBe(true);
  });

  it("begins shortly before its event, and never before itself", () => {
    expect(beginning(clip, "2026-11-24T07:15:22.520Z")).toBe(7);
    expect(beginning(clip, "2026-11-24T07:15:13.000Z")).toBe(0);
    expect(beginning({ ...clip, from: "" }, "2026-11-24T07:15:13.000Z")).toBe(0);
  });
});

describe("a clip that is not there", () => {
  const answer = (type: string, headers: Record<string, string> = {}) =>
    problemOf(new Response(JSON.stringify({ type, title: "No", detail: "no" }), { status: 404, headers }));

  it("is asked for again when its end is recorded", async () => {
    expect(clipDueIn(await answer("urn:ngatu:clip-not-ready", { "Retry-After": "19" }))).toBe(19);
    expect(clipDueIn(await answer("urn:ngatu:clip-not-ready"))).toBeNull();
  });

  it("is not asked for again where there is none", async () => {
    const none = await answer("urn:ngatu:no-clip", { "Retry-After": "19" });
    expect(none).toBeInstanceOf(Problem);
    expect(none).toMatchObject({ status: 404, kind: "no-clip", title: "No", detail: "no" });
    expect(clipDueIn(none)).toBeNull();
    expect(clipDueIn(await answer("about:blank"))).toBeNull();
    expect(clipDueIn(new Error("away"))).toBeNull();
    expect(clipDueIn(null)).toBeNull();
  });

  it("may be told by a proxy that speaks HTML", async () => {
    const problem = await problemOf(
      new Response("<h1>Bad Gateway</h1>", { status: 502, statusText: "Bad Gateway" }),
    );
    expect(problem).toMatchObject({ status: 502, title: "Bad Gateway", kind: "", retryAfterS: null });
  });
});
