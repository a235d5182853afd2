/** One fault that took many cameras away together: told once for all of them, and not by each again. */

import { createContext, type ReactNode, useContext } from "react";
import type { CommonFault } from "@/server/contract";
import { useHealth, useLinkState } from "@/server/provider";

const FaultContext = createContext<CommonFault | null>(null);

export function CommonFaultProvider({ children }: { children: ReactNode }) {
  const fault = useHealth().data?.common_fault ?? null;
  // Without the server nobody knows how the cameras are.
  const away = useLinkState().phase === "away";
  return <FaultContext value={away ? null : fault}>{children}</FaultContext>;
}

/** The fault of now; null where there is none. */
export function useCommonFault(): CommonFault | null {
  return useContext(FaultContext);
}

/** Whether a camera is away by the fault that many have. */
export function useIsPartOfFault(camera: string): boolean {
  return useCommonFault()?.cameras.includes(camera) ?? false;
}
