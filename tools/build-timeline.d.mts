export const generatedFile: string;
export function generate(): Promise<string>;
