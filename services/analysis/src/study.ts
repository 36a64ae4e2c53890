import type { InputFiles } from '@eigenloom/checkpoint';
import type { MethodInfo, analysis, common } from '@eigenloom/contracts';
import type { Report } from '@eigenloom/report';
import type { ProgressUpdate, RequestContext } from '@eigenloom/runtime';

/** A member of the contract's oneof, with its inputs and parameters. */
export type StudyChoice = NonNullable<analysis.Study['kind']>;

/** A study with its parameters: it may look at models, data, or nothing at all. */
export interface Study {
  /** Opens what it looks at. Reads headers only; throws for what can be known to fail before anything runs. */
  open(context: RequestContext): Promise<OpenedStudy>;
}

/** A study that can be run. */
export interface OpenedStudy {
  readonly estimate: common.Estimate;
  /** Files that it reads, for the lineage. */
  files(): Promise<InputFiles>;
  run(tools: StudyTools): Promise<Findings>;
}

/** What a running study may use. */
export interface StudyTools {
  readonly method: MethodInfo;
  /** Of every random number drawn. */
  readonly seed: bigint;
  readonly signal: AbortSignal;
  progress(update: ProgressUpdate): void;
}

/** What was found. */
export interface Findings {
  /** The study's title, paper and id are filled in where it is written. */
  readonly report: Omit<Report, 'method' | 'paper'>;
  /** Writes what does not belong into a report, beside it. */
  write?(folder: string): Promise<void>;
}
