/** Stands in what people type and in their names, and nowhere else: found on a wire, a relay's disk or in a log, it was readable there (I10). */
export const canary = "Kanarie";
