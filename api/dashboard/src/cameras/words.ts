import type { Text, Words } from "@/language/text";
import type { CameraState, WorkerState } from "@/server/contract";

export const stateWords: Record<CameraState, Text> = {
  connecting: { vi: "Đang kết nối", en: "Connecting" },
  live: { vi: "Trực tiếp", en: "Live" },
  stalled: { vi: "Hình đứng", en: "Stalled" },
  lost: { vi: "Mất tín hiệu", en: "Lost" },
  refused: { vi: "Bị từ chối", en: "Refused" },
  ended: { vi: "Đã phát hết", en: "Ended" },
};

/** What a state means where the server gives no reason, or one that has no words here. */
export const stateCauses: Record<CameraState, Text> = {
  connecting: { vi: "Đang mở luồng hình", en: "Opening the stream" },
  live: { vi: "Có hình", en: "Pictures are coming" },
  stalled: { vi: "Không có hình mới", en: "No new picture" },
  lost: { vi: "Không có hình từ camera", en: "No picture from the camera" },
  refused: { vi: "Camera không cho xem hình", en: "The camera does not give pictures" },
  ended: { vi: "Tệp đã phát đến cuối", en: "The file has come to its end" },
};

export const causeWords = {
  password: {
    vi: "Sai tên đăng nhập hoặc mật khẩu camera",
    en: "Wrong user name or password for the camera",
  },
  path: { vi: "Camera không có luồng hình ở đường dẫn này", en: "The camera has no stream at this path" },
  refused: { vi: "Thiết bị từ chối kết nối", en: "The device refuses the connection" },
  silent: { vi: "Camera không trả lời", en: "The camera does not answer" },
  network: { vi: "Không tới được mạng của camera", en: "The camera's network is unreachable" },
  host: { vi: "Không tìm thấy địa chỉ camera", en: "The camera's address cannot be found" },
  noPicture: { vi: "Không có hình mới từ camera", en: "No new picture from the camera" },
  noFile: { vi: "Không có tệp video này", en: "There is no such video file" },
  noVideo: { vi: "Nguồn này không cho hình video", en: "This source gives no video" },
  closed: { vi: "Camera đã ngắt luồng hình", en: "The camera closed the stream" },
  reader: {
    vi: "Phần đọc hình của camera này bị treo hoặc đã tắt",
    en: "What reads this camera hung or stopped",
  },
  damaged: { vi: "Hình từ camera bị hỏng", en: "The camera's pictures are damaged" },
} satisfies Words;

export const workerStateWords: Record<WorkerState, Text> = {
  starting: { vi: "Đang kết nối", en: "Connecting" },
  running: { vi: "Đang đọc", en: "Reading" },
  stuck: { vi: "Bị treo", en: "Hangs" },
  waiting: { vi: "Chờ thử lại", en: "Waits to try again" },
  restarting: { vi: "Đang khởi động lại", en: "Restarting" },
  failed: { vi: "Đã ngừng đọc", en: "Given up" },
  ended: { vi: "Đã xong", en: "Done" },
};

/** What is being done, or has to be, where the reader itself is the trouble. */
export const workerDoings: Partial<Record<WorkerState, Text>> = {
  stuck: {
    vi: "Phần đọc hình không phản hồi; sắp được thay bằng phần mới",
    en: "What reads it does not respond and will be replaced",
  },
  restarting: { vi: "Đang khởi động lại phần đọc hình", en: "What reads it is being started again" },
  failed: {
    vi: "Đã treo nhiều lần nên không đọc nữa: kiểm tra camera rồi khởi động lại Ngã Tư",
    en: "It hung several times and is not read any more: check the camera, then restart Ngã Tư",
  },
};

export const workerWords = {
  process: { vi: (id: string) => `tiến trình ${id}`, en: (id: string) => `process ${id}` },
  inProgram: { vi: "trong chương trình chính", en: "within the program" },
  memory: { vi: (amount: string) => `${amount} MB`, en: (amount: string) => `${amount} MB` },
  restarts: {
    vi: (times: string) => `đã khởi động lại ${times} lần`,
    en: (times: string) => `restarted ${times} ${times === "1" ? "time" : "times"}`,
  },
} satisfies Words;

/** Many cameras lost together. */
export const faultWords = {
  title: { vi: "Lỗi chung của nhiều camera", en: "A fault that many cameras have in common" },
  lost: {
    vi: (away: string, all: string, when: string) => `${away}/${all} camera cùng mất tín hiệu từ ${when}`,
    en: (away: string, all: string, when: string) =>
      `${away} of ${all} cameras were lost together at ${when}`,
  },
  look: {
    vi: "Trước hết hãy xem thiết bị dùng chung: switch, đường truyền, nguồn điện, đầu ghi.",
    en: "Look first at what they share: a switch, a line, the power supply, a recorder.",
  },
  first: {
    vi: (cause: string) => `Camera mất đầu tiên: ${cause}.`,
    en: (cause: string) => `The first of them: ${cause}.`,
  },
  cameras: {
    vi: (count: string) => `Xem ${count} camera`,
    en: (count: string) => `Show the ${count} ${count === "1" ? "camera" : "cameras"}`,
  },
  part: { vi: "Mất cùng các camera khác", en: "Lost together with others" },
} satisfies Words;

export const cameraWords = {
  allCameras: { vi: "Tất cả camera", en: "All cameras" },
  noCameras: {
    vi: "Chưa có camera nào. Thêm camera vào tệp cấu hình của điểm giám sát.",
    en: "No cameras yet. Add cameras to the site file.",
  },
  unknownCamera: {
    vi: (id: string) => `Không có camera “${id}”.`,
    en: (id: string) => `There is no camera “${id}”.`,
  },
  loading: { vi: "Đang tải danh sách camera…", en: "Loading the cameras…" },
  notLoaded: {
    vi: "Chưa lấy được danh sách camera từ máy chủ. Đang thử lại.",
    en: "The cameras have not come from the server. Trying again.",
  },
  picture: { vi: (name: string) => `Hình camera ${name}`, en: (name: string) => `Picture of camera ${name}` },
  waiting: { vi: "Đang chờ hình…", en: "Waiting for the picture…" },
  noPicture: { vi: "Chưa có hình nào từ camera này", en: "No picture from this camera yet" },
  pictureMissing: { vi: "Hình chưa tới, đang thử lại", en: "The picture does not arrive, trying again" },
  unknownState: { vi: "Chưa rõ", en: "Not known" },
  serverAway: { vi: "Mất máy chủ", en: "Server away" },
  serverAwayCause: {
    vi: "Máy chủ không trả lời. Đây là hình cuối cùng nhận được.",
    en: "The server does not answer. This is the last picture received.",
  },
  since: { vi: (when: string) => `từ ${when}`, en: (when: string) => `since ${when}` },
  lasting: { vi: (span: string) => `đã ${span}`, en: (span: string) => `for ${span}` },
  retryIn: { vi: (span: string) => `thử lại sau ${span}`, en: (span: string) => `trying again in ${span}` },
  retryNow: { vi: "đang thử lại", en: "trying again" },
  lastPicture: {
    vi: (when: string) => `hình cuối lúc ${when}`,
    en: (when: string) => `last picture at ${when}`,
  },
  fps: { vi: (rate: string) => `${rate} hình/giây`, en: (rate: string) => `${rate} fps` },
  simulated: { vi: "Mô phỏng", en: "Simulated" },
  simulatedNote: {
    vi: "Các phát hiện do bộ mô phỏng tạo ra, không phải do mô hình nhìn thấy trong hình.",
    en: "Detections come from the simulator; no model has seen them in the picture.",
  },
  simulatedSome: {
    vi: (names: string) =>
      `Camera ${names}: các phát hiện do bộ mô phỏng tạo ra, không phải do mô hình nhìn thấy trong hình.`,
    en: (names: string) =>
      `Camera ${names}: detections come from the simulator; no model has seen them in the picture.`,
  },
} satisfies Words;

export const columnWords = {
  camera: { vi: "Camera", en: "Camera" },
  state: { vi: "Trạng thái", en: "State" },
  rate: { vi: "Hình/giây", en: "Frames/s" },
  detectRate: { vi: "Nhận diện/giây", en: "Detections/s" },
  frames: { vi: "Số hình", en: "Frames" },
  dropped: { vi: "Bỏ qua", en: "Dropped" },
  reconnects: { vi: "Nối lại", en: "Reconnects" },
  size: { vi: "Cỡ hình", en: "Size" },
  lastFrame: { vi: "Hình cuối", en: "Last picture" },
  detector: { vi: "Bộ nhận diện", en: "Detector" },
  watched: { vi: "Đang theo dõi", en: "Watched" },
  reader: { vi: "Phần đọc hình", en: "Reader" },
  lastGap: { vi: "Lần mất hình gần nhất", en: "Latest gap" },
  noGap: { vi: "chưa lần nào", en: "none" },
  until: { vi: "đến nay", en: "until now" },
  watchedCounts: {
    vi: (lines: number, zones: number, rules: number) => `${lines} vạch, ${zones} vùng, ${rules} quy tắc`,
    en: (lines: number, zones: number, rules: number) =>
      `${lines} ${lines === 1 ? "line" : "lines"}, ${zones} ${zones === 1 ? "zone" : "zones"}, ${rules} ${rules === 1 ? "rule" : "rules"}`,
  },
  gapSpan: {
    vi: (from: string, to: string) => `${from} – ${to}`,
    en: (from: string, to: string) => `${from} – ${to}`,
  },
} satisfies Words;
