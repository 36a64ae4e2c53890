import { mapUris } from './document.js';

describe('mapUris', () => {
  it('reaches every URI of a pipeline, in either spelling, and nothing else', () => {
    const document = {
      outputUri: 'a',
      steps: [
        {
          id: 'uri',
          train: { model: { uri: 'b', adapters: ['c', 'd'] }, adapter: { uri: 'e', residual_uri: '' } },
        },
      ],
      textField: 'uri',
    };
    expect(mapUris(document, (uri) => `<${uri}>`)).toEqual({
      outputUri: '<a>',
      steps: [
        {
          id: 'uri',
          train: {
            model: { uri: '<b>', adapters: ['<c>', '<d>'] },
            adapter: { uri: '<e>', residual_uri: '' },
          },
        },
      ],
      textField: 'uri',
    });
  });
});
