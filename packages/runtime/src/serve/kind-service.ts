import { analysis, init, merge, train } from '@eigenloom/contracts';
import type { handleUnaryCall, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { common, longrunning, ServiceKind } from '@eigenloom/contracts';
import type { RequestOf } from '../jobs/contract-of.js';
import type { AnyJobKind } from '../jobs/job-kind.js';
import type { JobService } from '../jobs/job-service.js';
import type { Wrap } from './wrap.js';

/** A gRPC service with its handlers. */
export interface Served {
  /** `eigenloom.merge.v1.MergeService`. */
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly handlers: UntypedServiceImplementation;
}

type Submit<K extends ServiceKind> = handleUnaryCall<RequestOf[K], longrunning.Operation>;
type ListMethods = handleUnaryCall<unknown, { methods: common.Method[] }>;

/** The service of one kind: submits its jobs and lists its methods. */
export function kindService(worker: AnyJobKind, jobs: JobService, wrap: Wrap): Served {
  const submit = <K extends ServiceKind>(kind: K, method: string): Submit<K> =>
    wrap.unary(method, (request, { signal }) => jobs.submit(kind, request, signal));
  const methods = (method: string): ListMethods =>
    wrap.unary(method, () => Promise.resolve({ methods: [...worker.methods] }));
  switch (worker.kind) {
    case 'init': {
      const name = 'eigenloom.init.v1.InitService';
      const handlers: init.InitServiceServer = {
        initAdapter: submit('init', `${name}/InitAdapter`),
        listInitMethods: methods(`${name}/ListInitMethods`),
      };
      return { name, definition: init.InitServiceService, handlers };
    }
    case 'train': {
      const name = 'eigenloom.train.v1.TrainService';
      const handlers: train.TrainServiceServer = {
        train: submit('train', `${name}/Train`),
        listTrainMethods: methods(`${name}/ListTrainMethods`),
      };
      return { name, definition: train.TrainServiceService, handlers };
    }
    case 'merge': {
      const name = 'eigenloom.merge.v1.MergeService';
      const handlers: merge.MergeServiceServer = {
        merge: submit('merge', `${name}/Merge`),
        listMergeMethods: methods(`${name}/ListMergeMethods`),
      };
      return { name, definition: merge.MergeServiceService, handlers };
    }
    case 'analysis': {
      const name = 'eigenloom.analysis.v1.AnalysisService';
      const handlers: analysis.AnalysisServiceServer = {
        analyze: submit('analysis', `${name}/Analyze`),
        listAnalysisMethods: methods(`${name}/ListAnalysisMethods`),
      };
      return { name, definition: analysis.AnalysisServiceService, handlers };
    }
  }
}
