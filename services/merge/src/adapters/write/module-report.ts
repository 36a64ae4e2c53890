import type { Table } from '@eigenloom/report';

/** How near an adapter is to what it stands for in one module. */
export interface ModuleReport {
  /** Path of the module, or name of a tensor that is kept in full. */
  readonly module: string;
  /** 0 for a tensor that is kept in full. */
  readonly rank: number;
  /** ‖Σ wᵢΔWᵢ‖, of the extraction ‖ΔW‖ (Frobenius). */
  readonly norm: number;
  /** Norm of the difference between that and what the adapter does. */
  readonly error: number;
}

/** Over the modules that have a rank. */
export interface ModuleTotals {
  readonly modules: number;
  readonly norm: number;
  readonly error: number;
}

export function totalsOf(reports: readonly ModuleReport[]): ModuleTotals {
  const pairs = reports.filter(({ rank }) => rank > 0);
  return {
    modules: pairs.length,
    norm: Math.sqrt(pairs.reduce((sum, module) => sum + module.norm ** 2, 0)),
    error: Math.sqrt(pairs.reduce((sum, module) => sum + module.error ** 2, 0)),
  };
}

/** Every module, in the order given. */
export const modulesTable = (reports: readonly ModuleReport[]): Table => ({
  id: 'modules',
  title: 'How near the adapter is to what it stands for, module by module',
  columns: [
    { name: 'module', description: 'path of the module, or name of a tensor that is kept in full' },
    { name: 'rank', description: '0 for a tensor that is kept in full' },
    { name: 'norm', description: 'Frobenius norm of what the adapter stands for' },
    { name: 'error', description: 'norm of the difference between that and what the adapter does' },
  ],
  rows: reports.map(({ module, rank, norm, error }) => ({ module, rank, norm, error })),
});
