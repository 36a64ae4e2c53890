/** What every study, run and claim hands over: one format, and the page drawn from it. */
export {};
