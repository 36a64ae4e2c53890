/** First key of a report's file. */
export const FORMAT = 'eigenloom.report';
/** Counts up when a reader of the version before would misread a file. */
export const VERSION = 1;
export const JSON_FILE = 'report.json';
export const HTML_FILE = 'report.html';
