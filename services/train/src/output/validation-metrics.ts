import type { Evaluation } from '@eigenloom/training';

/** The loss and the metrics of an evaluation as log and report call them: `validation_loss`, `validation_accuracy`. */
export const validationMetrics = ({ loss, metrics }: Evaluation): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries({ loss, ...metrics }).map(([name, value]) => [`validation_${name}`, value]),
  );
