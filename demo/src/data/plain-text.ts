/** Typographic variants to ASCII: which quotes and dashes a text has tells who transcribed it, not what it says. */
export function plainText(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\u2018\u2019\u201A\u2032`\u00B4]/g, "'")
    .replace(/[\u201C\u201D\u201E\u2033]/g, '"')
    .replace(/\s*(?:[\u2012-\u2015]|--+)\s*/g, ' - ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Lower-case words of letters only, so that numbers, punctuation and random suffixes do not hide a copy. */
export function normalizedWords(text: string): string[] {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z\s]/g, '')
    .split(/\s+/)
    .filter((word) => word !== '');
}
