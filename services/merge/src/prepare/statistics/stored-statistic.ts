import { SafetensorsFile } from '@eigenloom/numeric';

/** Where the statistic of a weight lies. */
export interface StatisticTensor {
  readonly file: SafetensorsFile;
  readonly name: string;
}

/** The tensor that holds the norm of all others. */
export const NORM = 'statistic.norm';

/** A statistic of a model as it is stored: a tensor for each weight, or one for several. */
export class StoredStatistic {
  private constructor(
    readonly file: SafetensorsFile,
    /** Texts that it was computed from. */
    readonly texts: number,
  ) {}

  static async open(path: string, signal: AbortSignal): Promise<StoredStatistic> {
    const file = await SafetensorsFile.open(path, { signal });
    return new StoredStatistic(file, Number(file.metadata['texts'] ?? 0));
  }

  /** L2 norm over all tensors. */
  async norm(signal: AbortSignal): Promise<number> {
    const [norm = NaN] = await this.file.read(NORM, 'f64', { signal });
    return norm;
  }

  /** Of a weight by its name in the model; undefined where the statistic says nothing of it. */
  find(weight: string): StatisticTensor | undefined {
    const { file } = this;
    const name = file.tensors.has(weight) ? weight : file.metadata[weight];
    return name === undefined || !file.tensors.has(name) ? undefined : { file, name };
  }
}
