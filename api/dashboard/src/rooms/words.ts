import type { Words } from "@/language/text";

export const systemWords = {
  server: { vi: "Máy chủ", en: "Server" },
  cameras: { vi: "Camera", en: "Cameras" },
  health: { vi: "Tình trạng", en: "Health" },
  ok: { vi: "Bình thường", en: "All well" },
  degraded: { vi: "Có phần không hoạt động", en: "Some parts do not work" },
  unknown: { vi: "Chưa rõ", en: "Not known" },
  connection: { vi: "Kết nối", en: "Connection" },
  site: { vi: "Điểm giám sát", en: "Site" },
  version: { vi: "Phiên bản", en: "Version" },
  timezone: { vi: "Múi giờ", en: "Time zone" },
  byState: {
    vi: (live: string, all: string) => `${live} trên ${all} camera đang có hình`,
    en: (live: string, all: string) => `${live} of ${all} cameras give pictures`,
  },
} satisfies Words;
