import { common, type merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

/** Throws `NOT_APPLICABLE` for what a request says of the files of its result and an adapter has not: one file in f32. */
export function checkAdapterOutput({ outputDataType, maxShardBytes }: merge.MergeRequest): void {
  if (outputDataType !== common.DataType.UNSPECIFIED && outputDataType !== common.DataType.F32) {
    throw invalidInput('NOT_APPLICABLE', 'output_data_type', 'adapters are written in f32');
  }
  if (maxShardBytes !== undefined) {
    throw invalidInput('NOT_APPLICABLE', 'max_shard_bytes', 'an adapter is one file');
  }
}
