import { describe, expect, it } from "vitest";
import { MAX_STREAMS, pictureMode } from "@/pictures/mode";
import { boundaryOf, newestParts } from "@/pictures/multipart";

describe("the way of pictures", () => {
  it("is a stream for few, and asking for many", () => {
    expect([1, 2, 3].map((shown) => pictureMode(shown).kind)).toEqual(["stream", "stream", "stream"]);
    expect(pictureMode(4)).toEqual({ kind: "poll", everyMs: 250 });
    expect(pictureMode(16)).toEqual({ kind: "poll", everyMs: 500 });
  });

  it("leaves the browser's 6 connections room for events and questions", () => {
    expect(MAX_STREAMS + 1).toBeLessThan(6);
  });
});

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function streamOf(...pieces: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(encoder.encode(piece));
      controller.close();
    },
  });
}

async function read(...pieces: string[]): Promise<string[]> {
  const parts: string[] = [];
  for await (const part of newestParts(streamOf(...pieces), "--cut")) parts.push(decoder.decode(part));
  return parts;
}

const part = (body: string) =>
  `--cut\r\nContent-Type: image/jpeg\r\nContent-Length: ${body.length}\r\n\r\n${body}\r\n`;

describe("multipart answers", () => {
  it("give each part, however the network cuts them", async () => {
    const whole = part("one") + part("two");
    expect(await read(...whole)).toEqual(["one", "two"]);
  });

  it("give the newest of the parts that come together", async () => {
    expect(
      await read(part("one") + part("two") + part("three").slice(0, -6), part("three").slice(-6)),
    ).toEqual(["two", "three"]);
  });

  it("may hold the boundary inside a part whose length is told", async () => {
    expect(await read(part("a--cutb"))).toEqual(["a--cutb"]);
  });

  it("may tell no length: then the next boundary ends the part", async () => {
    expect(await read("--cut\r\nContent-Type: image/jpeg\r\n\r\none\r\n--cut\r\n")).toEqual(["one"]);
  });

  it("name their boundary in the header", () => {
    expect(boundaryOf("multipart/x-mixed-replace; boundary=frame")).toBe("--frame");
    expect(boundaryOf('multipart/x-mixed-replace;boundary="--frame"')).toBe("--frame");
    expect(() => boundaryOf("text/html")).toThrow("text/html");
  });
});
