import type { Text, Words } from "@/language/text";
import type { Family, Label, Severity } from "@/server/contract";

export const familyWords: Record<Family, Text> = {
  passage: { vi: "Lượt qua", en: "Passage" },
  violation: { vi: "Vi phạm", en: "Violation" },
  incident: { vi: "Sự cố", en: "Incident" },
  measurement: { vi: "Số liệu", en: "Measurement" },
};

export const labelWords: Record<Label, Text> = {
  person: { vi: "Người", en: "Person" },
  bicycle: { vi: "Xe đạp", en: "Bicycle" },
  motorcycle: { vi: "Xe máy", en: "Motorcycle" },
  car: { vi: "Ô tô", en: "Car" },
  bus: { vi: "Xe buýt", en: "Bus" },
  truck: { vi: "Xe tải", en: "Truck" },
};

export const severityWords: Record<Severity, Text> = {
  info: { vi: "Thông tin", en: "Information" },
  warning: { vi: "Cảnh báo", en: "Warning" },
  critical: { vi: "Khẩn cấp", en: "Critical" },
};

/** Kinds by family, in the order of the list to choose from. A kind not here is shown as the server writes it. */
export const kindWords: Record<Family, Record<string, Text>> = {
  passage: {
    line_crossing: { vi: "Qua vạch đếm", en: "Line crossing" },
    movement: { vi: "Hướng di chuyển", en: "Movement" },
  },
  violation: {
    red_light: { vi: "Vượt đèn đỏ", en: "Red light" },
    stop_line: { vi: "Dừng quá vạch dừng", en: "Beyond the stop line" },
    wrong_way: { vi: "Đi ngược chiều", en: "Wrong way" },
    speeding: { vi: "Chạy quá tốc độ", en: "Speeding" },
    illegal_parking: { vi: "Đỗ xe sai quy định", en: "Illegal parking" },
    lane_violation: { vi: "Đi sai làn", en: "Wrong lane" },
    banned_movement: { vi: "Rẽ hoặc quay đầu bị cấm", en: "Banned turn" },
    solid_line: { vi: "Đè vạch liền", en: "Solid line crossed" },
    no_helmet: { vi: "Không đội mũ bảo hiểm", en: "No helmet" },
    overloaded: { vi: "Chở quá số người", en: "Too many passengers" },
  },
  incident: {
    stopped_vehicle: { vi: "Xe dừng bất thường", en: "Stopped vehicle" },
    congestion: { vi: "Ùn tắc", en: "Congestion" },
    queue_spillback: { vi: "Hàng chờ lan ngược", en: "Queue spillback" },
    pedestrian_on_carriageway: { vi: "Người đi bộ dưới lòng đường", en: "Pedestrian on the carriageway" },
    fallen_object: { vi: "Vật rơi trên đường", en: "Fallen object" },
    crash: { vi: "Va chạm", en: "Crash" },
    near_miss: { vi: "Suýt va chạm", en: "Near miss" },
    intrusion: { vi: "Xâm nhập vùng cấm", en: "Intrusion" },
    loitering: { vi: "Lảng vảng", en: "Loitering" },
    crowding: { vi: "Tụ tập đông người", en: "Crowding" },
    abandoned_object: { vi: "Đồ vật bị bỏ lại", en: "Abandoned object" },
    removed_object: { vi: "Đồ vật bị lấy đi", en: "Removed object" },
    running: { vi: "Người chạy", en: "Running" },
    dispersal: { vi: "Đám đông tản ra đột ngột", en: "Sudden dispersal" },
    camera_lost: { vi: "Camera mất tín hiệu", en: "Camera lost" },
    camera_frozen: { vi: "Camera đứng hình", en: "Camera frozen" },
    camera_dark: { vi: "Hình quá tối", en: "Picture too dark" },
    camera_bright: { vi: "Hình quá sáng", en: "Picture too bright" },
    camera_blurred: { vi: "Hình bị mờ", en: "Picture blurred" },
    camera_moved: { vi: "Camera bị xoay lệch", en: "Camera moved" },
    camera_covered: { vi: "Camera bị che", en: "Camera covered" },
  },
  measurement: {
    line_flow: { vi: "Lưu lượng qua vạch", en: "Flow over a line" },
    movement_flow: { vi: "Lưu lượng theo hướng đi", en: "Flow of a movement" },
    zone_use: { vi: "Sử dụng vùng", en: "Use of a zone" },
    heat_map: { vi: "Bản đồ nhiệt", en: "Heat map" },
  },
};

/** Figures of measurements; their unit stands behind the number. The first of an event is its headline. */
export const figureWords: Record<string, Text & { unit?: string }> = {
  volume: { vi: "lượt qua", en: "volume" },
  flow_veh_h: { vi: "cường độ", en: "flow", unit: "veh/h" },
  flow_pcu_h: { vi: "cường độ quy đổi", en: "flow", unit: "PCU/h" },
  speed_time_mean_kmh: { vi: "tốc độ trung bình theo thời gian", en: "time-mean speed", unit: "km/h" },
  speed_space_mean_kmh: { vi: "tốc độ trung bình theo không gian", en: "space-mean speed", unit: "km/h" },
  headway_s: { vi: "giãn cách đầu xe", en: "headway", unit: "s" },
  gap_s: { vi: "khoảng hở", en: "gap", unit: "s" },
  occupancy_pct: { vi: "độ chiếm dụng", en: "occupancy", unit: "%" },
  vehicles_mean: { vi: "xe, trung bình", en: "vehicles, mean" },
  vehicles_max: { vi: "xe, nhiều nhất", en: "vehicles, most" },
  people_mean: { vi: "người, trung bình", en: "people, mean" },
  people_max: { vi: "người, nhiều nhất", en: "people, most" },
  density_veh_km: { vi: "mật độ", en: "density", unit: "veh/km" },
  density_pcu_km: { vi: "mật độ quy đổi", en: "density", unit: "PCU/km" },
  queue_mean_veh: { vi: "hàng chờ trung bình", en: "queue, mean", unit: "veh" },
  queue_max_veh: { vi: "hàng chờ dài nhất", en: "queue, longest", unit: "veh" },
  queue_mean_m: { vi: "hàng chờ trung bình", en: "queue, mean", unit: "m" },
  queue_max_m: { vi: "hàng chờ dài nhất", en: "queue, longest", unit: "m" },
  level_of_service: { vi: "mức phục vụ", en: "level of service" },
  level_of_service_walking: { vi: "mức phục vụ người đi bộ", en: "level of service, walking" },
};

/** Sides of a line, and the names that site files often give them. Other names are shown as written. */
export const directionWords: Record<string, Text> = {
  left: { vi: "sang trái", en: "to the left" },
  right: { vi: "sang phải", en: "to the right" },
  away: { vi: "đi ra xa", en: "away" },
  towards: { vi: "đi lại gần", en: "towards" },
  in: { vi: "đi vào", en: "in" },
  out: { vi: "đi ra", en: "out" },
  inbound: { vi: "chiều vào", en: "inbound" },
  outbound: { vi: "chiều ra", en: "outbound" },
  north: { vi: "lên bắc", en: "north" },
  south: { vi: "xuống nam", en: "south" },
  east: { vi: "sang đông", en: "east" },
  west: { vi: "sang tây", en: "west" },
};

export const phaseWords: Record<string, Text> = {
  red: { vi: "đèn đỏ", en: "red" },
  yellow: { vi: "đèn vàng", en: "yellow" },
  green: { vi: "đèn xanh", en: "green" },
  off: { vi: "đèn tắt", en: "off" },
  unknown: { vi: "không rõ", en: "unknown" },
};

export const listWords = {
  title: { vi: "Sự kiện", en: "Events" },
  loading: { vi: "Đang tải sự kiện…", en: "Loading events…" },
  failed: {
    vi: "Chưa lấy được sự kiện từ máy chủ. Đang thử lại.",
    en: "The events have not come from the server. Trying again.",
  },
  nothing: { vi: "Chưa có sự kiện nào.", en: "No events yet." },
  nothingFiltered: { vi: "Không có sự kiện nào hợp với bộ lọc.", en: "No event fits the filter." },
  loadOlder: { vi: "Xem sự kiện cũ hơn", en: "Show older events" },
  loadingOlder: { vi: "Đang tải sự kiện cũ hơn…", en: "Loading older events…" },
  olderFailed: { vi: "Chưa tải được. Thử lại", en: "Not loaded. Try again" },
  noOlder: { vi: "Hết. Không còn sự kiện cũ hơn.", en: "That is all. There are no older events." },
  full: {
    vi: (count: string) => `Chỉ giữ ${count} sự kiện mới nhất ở đây. Xem tiếp từ đây về trước`,
    en: (count: string) => `Only the newest ${count} events are kept here. Go on from here backwards`,
  },
  newAbove: {
    vi: (count: string) => `${count} sự kiện mới`,
    en: (count: string) => `${count} new`,
  },
  keys: {
    vi: "Phím j, k hoặc mũi tên: chọn; Esc: đóng",
    en: "Keys j, k or arrows: choose; Esc: close",
  },
} satisfies Words;

export const filterWords = {
  title: { vi: "Lọc sự kiện", en: "Filter events" },
  family: { vi: "Nhóm", en: "Family" },
  kind: { vi: "Loại", en: "Kind" },
  camera: { vi: "Camera", en: "Camera" },
  label: { vi: "Đối tượng", en: "Road user" },
  allFamilies: { vi: "Mọi nhóm, trừ số liệu", en: "All but measurements" },
  allKinds: { vi: "Mọi loại", en: "All kinds" },
  allCameras: { vi: "Mọi camera", en: "All cameras" },
  allLabels: { vi: "Mọi đối tượng", en: "All road users" },
  openOnly: { vi: "Sự cố đang diễn ra", en: "Open incidents" },
  before: { vi: (when: string) => `Trước ${when}`, en: (when: string) => `Before ${when}` },
  clear: { vi: "Bỏ lọc", en: "Clear" },
  remove: { vi: (what: string) => `Bỏ lọc: ${what}`, en: (what: string) => `Remove filter: ${what}` },
} satisfies Words;

export const detailWords = {
  title: { vi: "Chi tiết sự kiện", en: "Event" },
  none: { vi: "Chọn một sự kiện để xem chi tiết.", en: "Choose an event to see its details." },
  loading: { vi: "Đang tải sự kiện…", en: "Loading the event…" },
  gone: {
    vi: "Không có sự kiện này, hoặc đã hết thời hạn lưu.",
    en: "There is no such event, or its time to be kept is over.",
  },
  close: { vi: "Đóng chi tiết", en: "Close details" },
  pictureNow: {
    vi: "Hình của camera lúc mở chi tiết, không phải lúc xảy ra sự kiện. Vòng tròn: vị trí của sự kiện.",
    en: "The camera's picture when the details were opened, not of the event. The ring is where it happened.",
  },
  pictureNowNoPlace: {
    vi: "Hình của camera lúc mở chi tiết, không phải lúc xảy ra sự kiện.",
    en: "The camera's picture when the details were opened, not of the event.",
  },
  openCamera: { vi: "Mở camera", en: "Open camera" },
  raw: { vi: "Dữ liệu gốc", en: "Raw fields" },
} satisfies Words;

export const clipWords = {
  ask: { vi: "Xem đoạn video", en: "Show the clip" },
  asking: { vi: "Đang lấy đoạn video…", en: "Fetching the clip…" },
  video: { vi: "Đoạn video của sự kiện", en: "Clip of the event" },
  shows: {
    vi: (from: string, to: string) => `Đoạn video từ ${from} đến ${to}.`,
    en: (from: string, to: string) => `Clip from ${from} to ${to}.`,
  },
  missing: {
    vi: (span: string) => `Thiếu ${span} không được ghi.`,
    en: (span: string) => `${span} of it were not recorded.`,
  },
  notPlayed: {
    vi: (codec: string) =>
      `Trình duyệt này không phát được video ${codec} của camera. Hãy tải về và mở bằng chương trình xem video.`,
    en: (codec: string) =>
      `This browser does not play the camera's ${codec} video. Download it and open it in a video player.`,
  },
  download: { vi: "Tải đoạn video", en: "Download the clip" },
  notReady: {
    vi: (span: string) => `Phần sau của đoạn video còn đang ghi. Tự mở sau ${span}.`,
    en: (span: string) => `The end of the clip is still being recorded. Opens by itself in ${span}.`,
  },
  none: {
    vi: "Không còn đoạn video: lúc đó không ghi được hình, hoặc bản ghi đã hết thời hạn lưu.",
    en: "There is no clip: nothing was recorded then, or the recording's time to be kept is over.",
  },
  failed: { vi: "Máy chủ chưa đưa được đoạn video.", en: "The server did not give the clip." },
  again: { vi: "Thử lại", en: "Try again" },
} satisfies Words;

export const factWords = {
  time: { vi: "Thời điểm", en: "Time" },
  camera: { vi: "Camera", en: "Camera" },
  family: { vi: "Nhóm", en: "Family" },
  label: { vi: "Đối tượng", en: "Road user" },
  line: { vi: "Vạch", en: "Line" },
  zone: { vi: "Vùng", en: "Zone" },
  lane: { vi: "Làn đường", en: "Lane" },
  signal: { vi: "Đèn tín hiệu", en: "Signal" },
  direction: { vi: "Hướng", en: "Direction" },
  movement: { vi: "Từ – đến", en: "From – to" },
  speed: { vi: "Tốc độ", en: "Speed" },
  measured: { vi: "Đo được", en: "Measured" },
  limit: { vi: "Cho phép", en: "Limit" },
  phase: { vi: "Trạng thái đèn", en: "Signal showed" },
  code: { vi: "Mã hành vi", en: "Law code" },
  case: { vi: "Hồ sơ", en: "Case" },
  severity: { vi: "Mức độ", en: "Severity" },
  status: { vi: "Diễn biến", en: "Status" },
  ongoing: { vi: "đang diễn ra", en: "going on" },
  endedAfter: { vi: (span: string) => `đã hết, kéo dài ${span}`, en: (span: string) => `over after ${span}` },
  ended: { vi: "đã hết", en: "over" },
  endUnknown: {
    vi: (span: string) => `mất quan sát sau ${span}, không rõ kết thúc`,
    en: (span: string) => `lost sight of after ${span}, end unknown`,
  },
  interval: { vi: "Khoảng đo", en: "Interval" },
  completeness: { vi: "Tỷ lệ theo dõi được", en: "Watched" },
  watched: { vi: (share: string) => `theo dõi ${share}`, en: (share: string) => `${share} watched` },
  figures: { vi: "Số liệu", en: "Figures" },
  rule: { vi: "Quy tắc", en: "Rule" },
  track: { vi: "Mã theo dõi", en: "Track" },
  tracks: { vi: "Các mã theo dõi", en: "Tracks" },
  score: { vi: "Độ chắc chắn", en: "Confidence" },
  place: { vi: "Vị trí trong hình", en: "Place in the picture" },
  stream: { vi: "Thời gian luồng", en: "Stream clock" },
  id: { vi: "Mã sự kiện", en: "Event id" },
} satisfies Words;
