import type { Text, Words } from "@/language/text";
import type { VideoFault } from "@/pictures/video";

export const pictureWords = {
  choice: { vi: "Cách xem hình", en: "How to watch" },
  video: { vi: "Video gốc", en: "Video" },
  boxes: { vi: "Có khung nhận diện", en: "With boxes" },
  opening: { vi: "đang mở video của camera…", en: "opening the camera's video…" },
  playing: {
    vi: (codec: string) => `video gốc của camera, ${codec}`,
    en: (codec: string) => `the camera's own video, ${codec}`,
  },
  drawn: { vi: "từng hình đã phân tích, có khung nhận diện", en: "single analysed pictures, with boxes" },
  coded: {
    vi: (why: string, codec: string) => `${why} (${codec})`,
    en: (why: string, codec: string) => `${why} (${codec})`,
  },
  instead: { vi: (why: string) => `từng hình: ${why}`, en: (why: string) => `single pictures: ${why}` },
} satisfies Words;

/** Why single pictures are shown instead of video. */
export const videoFaultWords: Record<VideoFault, Text> = {
  browser: { vi: "trình duyệt này không phát được video trực tiếp", en: "this browser plays no live video" },
  codec: {
    vi: "trình duyệt này không phát được kiểu nén của camera",
    en: "this browser does not play the camera's codec",
  },
  camera: { vi: "nguồn này không có video gốc để phát", en: "this source has no video to pass on" },
  full: { vi: "đã đủ người xem video của camera này", en: "as many as may watch this camera's video do" },
  stalled: { vi: "video của camera đang đứng", en: "the camera's video stands still" },
  away: { vi: "chưa nối được video", en: "no connection for the video" },
};
