/**
 * The tensor that a name of the full model means in a checkpoint. Checkpoints of a bare encoder lack the first component that the
 * full model's names have (`bert.encoder…` for `encoder…`), and the other way round; transformers maps both when it loads.
 */
export function findTensor<T>(name: string, tensors: ReadonlyMap<string, T>): T | undefined {
  const exact = tensors.get(name) ?? tensors.get(name.slice(name.indexOf('.') + 1));
  if (exact !== undefined) return exact;
  const longer = [...tensors.keys()].filter((known) => known.slice(known.indexOf('.') + 1) === name);
  const [only, ...others] = longer;
  return only === undefined || others.length > 0 ? undefined : tensors.get(only);
}
