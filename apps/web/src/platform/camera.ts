/** The camera, and QR codes in what it sees. Pictures stay in this page. */
export type CameraProblem = "unsupported" | "denied" | "none" | "failed";

export type Opened = { readonly ok: true; readonly stream: MediaStream } | { readonly ok: false; readonly problem: CameraProblem };

export async function openCamera(): Promise<Opened> {
  // Not there on pages that are not secure.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) return { ok: false, problem: "unsupported" };
  try {
    return { ok: true, stream: await devices.getUserMedia({ audio: false, video: { facingMode: "environment" } }) };
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError" || name === "SecurityError") return { ok: false, problem: "denied" };
    return { ok: false, problem: name === "NotFoundError" || name === "OverconstrainedError" ? "none" : "failed" };
  }
}

export function closeCamera(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** The text of a QR code in the picture that the video shows now, if there is one. */
export type QrReader = (video: HTMLVideoElement) => Promise<string | undefined>;

interface Detector {
  detect(source: HTMLVideoElement): Promise<readonly { readonly rawValue: string }[]>;
}

interface DetectorClass {
  new (options: { readonly formats: readonly string[] }): Detector;
  getSupportedFormats(): Promise<readonly string[]>;
}

/** The browser's own, where it has one (Chrome on Android and macOS); else our own script's, which is loaded only here. */
export async function createQrReader(): Promise<QrReader> {
  const { BarcodeDetector: Own } = globalThis as { readonly BarcodeDetector?: DetectorClass };
  if (Own !== undefined && (await Own.getSupportedFormats()).includes("qr_code")) {
    const detector = new Own({ formats: ["qr_code"] });
    return async (video) => (await detector.detect(video))[0]?.rawValue;
  }
  const { decodeQR } = await import("qr/decode.js");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    if (context === null || video.videoWidth === 0) return undefined;
    const scale = Math.min(1, pictureWidthMax / video.videoWidth);
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
    try {
      return decodeQR({ data, width, height });
    } catch {
      // Its way to say that there is none in this picture.
      return undefined;
    }
  };
}

/** Enough for a code that fills a third of the picture, and quick. */
const pictureWidthMax = 800;
