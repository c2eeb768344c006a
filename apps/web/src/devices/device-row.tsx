import { MonitorSmartphone } from "lucide-react";
import type { ReactNode } from "react";
import type { DeviceSummary } from "../client.ts";
import { strings } from "../strings.ts";
import { deviceLabel, seenWords } from "./device-words.ts";

const t = strings.devices;

export interface DeviceRowProps {
  readonly device: DeviceSummary;
  readonly nowMs: number;
  /** This device may change what is in the list. */
  readonly managed: boolean;
  readonly onStep: (step: "rename" | "revoke") => void;
}

export function DeviceRow({ device, nowMs, managed, onStep }: DeviceRowProps): ReactNode {
  const label = deviceLabel(device);
  const whom = <span className="visually-hidden">{strings.space.members.whom(label)}</span>;
  return (
    <li className="device-row">
      <span className="device-mark">
        <MonitorSmartphone aria-hidden="true" />
      </span>
      <div className="row-text">
        <p className="row-title">
          <bdi>{label}</bdi>
        </p>
        <p className={device.isThis && !device.revoked ? "hint this-device" : "hint"}>{stateOf(device, nowMs)}</p>
      </div>
      {managed && !device.revoked && (
        <div className="device-steps">
          <button type="button" className="text-button" onClick={() => onStep("rename")}>
            {t.rename.button}
            {whom}
          </button>
          {!device.isThis && (
            <button type="button" className="text-button text-button-danger" onClick={() => onStep("revoke")}>
              {t.revoke.button}
              {whom}
            </button>
          )}
        </div>
      )}
    </li>
  );
}

function stateOf(device: DeviceSummary, nowMs: number): string {
  if (device.revoked) return device.isThis ? t.revokedThis : t.revokedRow;
  return device.isThis ? t.thisDevice : seenWords(device.seenAtMs, nowMs);
}
