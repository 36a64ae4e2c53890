import { convert } from 'html-to-text';
import PostalMime from 'postal-mime';
import { plainText } from './plain-text.js';

/** Subject and body of a mail as a reader sees them. */
export interface MailText {
  readonly subject: string;
  readonly body: string;
}

const HTML_OPTIONS = {
  wordwrap: false as const,
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    { selector: 'img', format: 'skip' },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
    { selector: 'table', format: 'block' },
  ],
  limits: { maxInputLength: 200_000 },
};

const ATTRIBUTION = /^.{0,200}\b(?:wrote|writes|said|schrieb)\s*:?\s*$/;
/** Where the writer's own text ends: a signature, a list footer, or the mail that is answered below. */
const END = /^(?:_{10,}|-{20,}|-- ?|={20,}|-+ ?(?:original|forwarded) message.*)$/i;
/**
 * Lines of a mail header inside the body: those of a returned or forwarded mail, and `URL:` and `Date:`, which a gateway from feeds to
 * mail adds to every item. It also marks images and links as `[IMG:` and `[1]`.
 */
const HEADER_LINE =
  /^\s{0,3}(?:url|date|from|to|cc|bcc|sent|sender|subject|reply-to|return-path|received|message-id|mime-version|content-[a-z-]+|x-[a-z-]+):/i;

/** The writer's own lines: no quotation of other mails, no attribution line, nothing after a signature. */
function ownLines(text: string): string {
  const lines: string[] = [];
  let inHeader = false;
  for (const line of text.split(/\r?\n/)) {
    if (END.test(line.trim()) && lines.some((kept) => kept.trim() !== '')) break;
    const folded: boolean = inHeader && /^\s+\S/.test(line);
    inHeader = folded || HEADER_LINE.test(line);
    if (inHeader || /^\s{0,3}(?:[>|]|[A-Z]{1,3}>)/.test(line) || ATTRIBUTION.test(line)) continue;
    lines.push(line);
  }
  return lines.join('\n');
}

/**
 * Addresses and links name the recipient's obfuscated mailbox, which differs between the collected folders, so they become one word.
 */
function withoutAddresses(text: string): string {
  return text
    .replace(/\[IMG:|\[\d+\]/g, ' ')
    .replace(/(?:https?|ftp):\/\/\S+|\bwww\.\S+/gi, ' link ')
    .replace(/<?\b[\w.+%-]+@[\w.-]+>?/g, ' address ')
    .replace(/\b(?:[\w-]+\.)+(?:com|org|net|edu|gov|ie|uk|de|biz|info)\b(?:\/\S*)?/gi, ' link ')
    .replace(/\b(?:yyyy|zzzz|jm|fork|ilug)\b/gi, ' ')
    .replace(/[_=*~#^|<>+\\\uFFFD-]{2,}/g, ' ')
    .replace(/\uFFFD/g, ' ');
}

const clean = (text: string): string => plainText(withoutAddresses(text));

/** Without `Re:`, `Fwd:` and the list's `[tag]`, which only mail from a list has. */
export function bareSubject(subject: string): string {
  let bare = subject;
  for (;;) {
    const next = bare.replace(/^\s*(?:(?:re|fwd?|aw|antwort|was)(?:\[\d+\])?\s*:|\[[^\]]*\]|\(fwd\))/i, '');
    if (next === bare) return clean(bare.replace(/\(fwd\)/gi, ' '));
    bare = next;
  }
}

/** Reads a raw mail. Every header but the subject is dropped: they were added by servers that differ between ham and spam. */
export async function mailText(raw: string): Promise<MailText> {
  const withoutEnvelope = raw.replace(/^From .*\r?\n/, '');
  const mail = await PostalMime.parse(withoutEnvelope);
  const body =
    mail.text !== undefined && mail.text.trim() !== '' ? mail.text : convert(mail.html ?? '', HTML_OPTIONS);
  const visible = /<(?:html|body|table|font|br|p|div)\b/i.test(body) ? convert(body, HTML_OPTIONS) : body;
  return { subject: bareSubject(mail.subject ?? ''), body: clean(ownLines(visible)) };
}
