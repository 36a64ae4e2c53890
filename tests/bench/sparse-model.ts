import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Elements at the beginning of each tensor that are not zero: the rest is a hole in the file, which takes no space on the disk. */
const FILLED = 4096;
const SHARD_BYTES = 5e9;

/** Sizes of a Llama-shaped model. */
export interface Sizes {
  readonly layers: number;
  readonly hidden: number;
  readonly inner: number;
  readonly keyValues: number;
  readonly vocabulary: number;
}

type Tensor = readonly [name: string, shape: readonly number[]];

function tensorsOf({ layers, hidden, inner, keyValues, vocabulary }: Sizes): Tensor[] {
  const tensors: Tensor[] = [['model.embed_tokens.weight', [vocabulary, hidden]]];
  for (let layer = 0; layer < layers; layer += 1) {
    const at = `model.layers.${layer}.`;
    tensors.push(
      [`${at}self_attn.q_proj.weight`, [hidden, hidden]],
      [`${at}self_attn.k_proj.weight`, [keyValues, hidden]],
      [`${at}self_attn.v_proj.weight`, [keyValues, hidden]],
      [`${at}self_attn.o_proj.weight`, [hidden, hidden]],
      [`${at}mlp.gate_proj.weight`, [inner, hidden]],
      [`${at}mlp.up_proj.weight`, [inner, hidden]],
      [`${at}mlp.down_proj.weight`, [hidden, inner]],
      [`${at}input_layernorm.weight`, [hidden]],
    );
  }
  return [...tensors, ['model.norm.weight', [hidden]], ['lm_head.weight', [vocabulary, hidden]]];
}

const bytesOf = ([, shape]: Tensor): number => 2 * shape.reduce((product, size) => product * size, 1);

/** Writes a bf16 checkpoint in shards and returns its bytes. `step` makes models differ: elements are multiples of it. */
export async function writeSparseModel(folder: string, sizes: Sizes, step: number): Promise<number> {
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'config.json'),
    JSON.stringify({ model_type: 'llama', torch_dtype: 'bfloat16' }),
  );
  const tensors = tensorsOf(sizes);
  const shards: Tensor[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    if (bytesOf(tensor) > room) {
      shards.push([]);
      room = SHARD_BYTES;
    }
    shards.at(-1)?.push(tensor);
    room -= bytesOf(tensor);
  }
  const weights: Record<string, string> = {};
  for (const [index, shard] of shards.entries()) {
    const file = `model-${String(index + 1).padStart(5, '0')}-of-${String(shards.length).padStart(5, '0')}.safetensors`;
    await writeShard(join(folder, file), shard, step);
    for (const [name] of shard) weights[name] = file;
  }
  const total = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  const index = { metadata: { total_size: total }, weight_map: weights };
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
  return total;
}

async function writeShard(path: string, tensors: readonly Tensor[], step: number): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const starts: number[] = [];
  let end = 0;
  for (const tensor of tensors) {
    const [name, shape] = tensor;
    starts.push(end);
    header[name] = { dtype: 'BF16', shape, data_offsets: [end, end + bytesOf(tensor)] };
    end += bytesOf(tensor);
  }
  const text = JSON.stringify(header);
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(json.length));
  const file = await open(path, 'wx');
  try {
    await file.write(Buffer.concat([size, json]), 0, undefined, 0);
    const dataStart = 8 + json.length;
    await file.truncate(dataStart + end);
    for (const [index, tensor] of tensors.entries()) {
      const count = Math.min(FILLED, bytesOf(tensor) / 2);
      await file.write(values(count, step), 0, undefined, dataStart + (starts[index] ?? 0));
    }
  } finally {
    await file.close();
  }
}

/** The upper halves of f32, which bf16 are. */
function values(count: number, step: number): Buffer {
  const wide = Float32Array.from({ length: count }, (_, i) => step * ((i % 97) - 48));
  const bits = new Uint32Array(wide.buffer);
  return Buffer.from(Uint16Array.from(bits, (word) => word >>> 16).buffer);
}
