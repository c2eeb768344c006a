/** A refusal of the control API. */
export interface ApiError {
  readonly status: number;
  /** Stable; docs/chaos.md lists them. */
  readonly code: string;
  /** A sentence that says what to do. */
  readonly message: string;
  readonly field: string | undefined;
  readonly extraHeaders: Readonly<Record<string, string>>;
}

export const apiError = (
  status: number,
  code: string,
  message: string,
  field?: string,
  extraHeaders: Readonly<Record<string, string>> = {},
): ApiError => ({ status, code, message, field, extraHeaders });
