import { MergeRequest } from '../messages/merge.js';
import { mapUris } from './map-uris.js';

const JSON_OF_MERGE = {
  base: { uri: 'base', adapters: ['one', 'two'] },
  models: [{ model: { uri: 'model' }, data: { uri: '', text_field: 'uri of nothing' } }],
  task_mask: { mask_uri: 'mask' },
  outputUri: 'out',
};

function seen(request: unknown, written: readonly string[] = []): Record<string, string> {
  const found: Record<string, string> = {};
  mapUris(request, written, (uri, field) => {
    found[field] = uri;
    return uri;
  });
  return found;
}

test('every URI of a message is visited with its place, choices left out; what is written and what is empty are not', () => {
  const { task_mask, ...rest } = JSON_OF_MERGE;
  const request = MergeRequest.fromJSON({ ...rest, method: { task_mask } });
  expect(seen(request, ['output_uri'])).toEqual({
    'base.uri': 'base',
    'base.adapters[0]': 'one',
    'base.adapters[1]': 'two',
    'models[0].model.uri': 'model',
    'task_mask.mask_uri': 'mask',
  });
});

test('and so is every one of its JSON, in either spelling', () => {
  const mapped = mapUris(JSON_OF_MERGE, [], (uri) => `/${uri}`);
  expect(mapped).toEqual({
    base: { uri: '/base', adapters: ['/one', '/two'] },
    models: [{ model: { uri: '/model' }, data: { uri: '', text_field: 'uri of nothing' } }],
    task_mask: { mask_uri: '/mask' },
    outputUri: '/out',
  });
});

test('the paths of a mergekit configuration are visited, below a step of a pipeline too', () => {
  const mergekit = { config: 'merge_method: linear\nmodels: [{model: a}]\n' };
  expect(seen({ steps: [{ merge: { mergekit } }] })).toEqual({
    'steps[0].merge.mergekit.models[0].model': 'a',
  });
});

test('every URI of a pipeline is reached, in either spelling, and nothing else', () => {
  const document = {
    outputUri: 'a',
    steps: [
      {
        id: 'uri',
        train: { model: { uri: 'b', adapters: ['c', 'd'] }, lora: { adapter_uri: 'e', residualUri: '' } },
      },
    ],
    textField: 'uri',
  };
  expect(mapUris(document, [], (uri) => `<${uri}>`)).toEqual({
    outputUri: '<a>',
    steps: [
      {
        id: 'uri',
        train: {
          model: { uri: '<b>', adapters: ['<c>', '<d>'] },
          lora: { adapter_uri: '<e>', residualUri: '' },
        },
      },
    ],
    textField: 'uri',
  });
});
