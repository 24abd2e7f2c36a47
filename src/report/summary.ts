export interface SummaryOptions { width?: number }
export async function summarise(_dir: string, _options: SummaryOptions = {}): Promise<string | undefined> { return undefined; }
