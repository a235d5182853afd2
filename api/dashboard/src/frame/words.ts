import type { Text, Words } from "@/language/text";
import type { LinkState } from "@/server/link";

export const connectionWords: Record<LinkState["phase"], Text> = {
  connecting: { vi: "Đang kết nối…", en: "Connecting…" },
  live: { vi: "Đang nhận trực tiếp", en: "Receiving live" },
  away: { vi: "Mất máy chủ", en: "Server away" },
};

export const frameWords = {
  product: { vi: "Ngã Tư", en: "Ngã Tư" },
  skip: { vi: "Tới nội dung chính", en: "Skip to the content" },
  rooms: { vi: "Các trang", en: "Pages" },
  clock: { vi: "Giờ máy chủ", en: "Server time" },
  awaySince: {
    vi: (when: string) => `Mất máy chủ từ ${when}, đang thử lại`,
    en: (when: string) => `Server away since ${when}, trying again`,
  },
  openIncidents: {
    vi: (count: string) => `${count} sự cố đang diễn ra`,
    en: (count: string) => `${count} open ${count === "1" ? "incident" : "incidents"}`,
  },
  language: { vi: "Ngôn ngữ", en: "Language" },
  vietnamese: { vi: "Tiếng Việt", en: "Tiếng Việt" },
  english: { vi: "English", en: "English" },
  toLight: { vi: "Chuyển sang nền sáng", en: "Switch to the light theme" },
  toDark: { vi: "Chuyển sang nền tối", en: "Switch to the dark theme" },
  notFound: { vi: "Không có trang này.", en: "There is no such page." },
  toLive: { vi: "Về trang trực tiếp", en: "To the live page" },
} satisfies Words;
