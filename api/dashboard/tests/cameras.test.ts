import { describe, expect, it } from "vitest";
import { causeOf } from "@/cameras/cause";
import { wallLayout } from "@/cameras/wallLayout";
import { causeWords, stateCauses } from "@/cameras/words";
import { camera } from "./builders";

describe("why there is no picture", () => {
  const shown = "rtsp://ngatu:***@10.0.0.11:554/404/sub";
  it.each([
    [`${shown}: asks for a user and a password (401). Put them into the URL.`, causeWords.password],
    [`${shown}: user or password is wrong (403). Correct them in the URL.`, causeWords.password],
    [`${shown}: there is no such path (404). The camera's manual names its paths.`, causeWords.path],
    [`${shown}: connection refused. 10.0.0.11 is there, but nothing serves port 554.`, causeWords.refused],
    [`${shown}: Network is unreachable.`, causeWords.network],
    [`${shown}: no host has the name 'cam'. Check the address and the DNS.`, causeWords.host],
    [`${shown}: no answer from 10.0.0.11 port 554 in 5 s. Is the camera on?`, causeWords.silent],
    [`${shown}: answers, but no picture came. Is it a video stream, of a known codec?`, causeWords.noVideo],
    [`${shown}: no picture for 5 s`, causeWords.noPicture],
    ["no picture for 5 s", causeWords.noPicture],
    [`${shown}: the camera ended the stream`, causeWords.closed],
    ["read hangs for 15 s: its process was killed by SIGKILL", causeWords.reader],
    ["its process has grown to 512 MB, more than 500 MB: it was killed by SIGKILL", causeWords.reader],
    ["3 attempts to read hang and do not return; the camera is left alone", causeWords.reader],
    ["the decoder is lost: 110 of 125 pictures in 5 s are damaged", causeWords.damaged],
    ["clips/password.mp4: no such file", causeWords.noFile],
    ["clip.mp4: is not a video, or cut off before its index; ffprobe may tell more", causeWords.noVideo],
  ])("%s", (reason, words) => {
    expect(causeOf(camera({ state: "lost", reason }))).toBe(words);
  });

  it("is told by the state where the reason is unknown or missing", () => {
    expect(causeOf(camera({ state: "lost", reason: "gremlins" }))).toBe(stateCauses.lost);
    expect(causeOf(camera({ state: "ended" }))).toBe(stateCauses.ended);
  });
});

describe("the wall", () => {
  const space = { width: 900, height: 640, caption: 34, gap: 8 };

  it("makes the pictures as large as the room allows", () => {
    expect(wallLayout(1, space).columns).toBe(1);
    expect(wallLayout(4, space).columns).toBe(2);
    expect(wallLayout(9, space).columns).toBe(3);
    expect(wallLayout(3, { ...space, width: 1800, height: 400 }).columns).toBe(3);
  });

  it("fits into the room without scrolling while the pictures stay large enough", () => {
    for (let count = 1; count <= 9; count += 1) {
      const { columns, width } = wallLayout(count, space);
      const rows = Math.ceil(count / columns);
      expect(columns * width + (columns - 1) * space.gap).toBeLessThanOrEqual(space.width);
      expect(rows * ((width * 9) / 16 + space.caption) + (rows - 1) * space.gap).toBeLessThanOrEqual(
        space.height,
      );
    }
  });

  it("scrolls rather than show pictures too small to read", () => {
    expect(wallLayout(30, space)).toEqual({ columns: 3, width: 294 });
  });

  it("holds before the room has been measured", () => {
    expect(wallLayout(4, { ...space, width: 0, height: 0 })).toEqual({ columns: 1, width: 0 });
  });
});
