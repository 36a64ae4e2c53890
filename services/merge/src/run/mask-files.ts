/** Folder of the masks inside a merged model. */
export const MASK_FOLDER = 'masks';
/** The factor of a task's vector: one F64. No tensor of a model has such a name. */
export const RESCALER = 'eigenloom:rescaler';

/** File of a model's masks: a tensor for each merged tensor, by its name, U8, a bit an element, the first in the highest bit of a byte. */
export const maskFile = (model: number): string => `${MASK_FOLDER}/${model}.safetensors`;

export const maskBytes = (shape: readonly number[]): number =>
  Math.ceil(shape.reduce((product, size) => product * size, 1) / 8);
