import { useEffect, useRef, useState } from "react";

const copiedForMs = 4000;

/** Whether the clipboard took it. Browsers may refuse. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** True for a few seconds after `mark()`, for a button that says that it copied. */
export function useCopied(): { readonly copied: boolean; readonly mark: () => void } {
  const [copied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return {
    copied,
    mark: () => {
      clearTimeout(timer.current);
      setCopied(true);
      timer.current = setTimeout(() => setCopied(false), copiedForMs);
    },
  };
}
