import { longrunning } from '@eigenloom/contracts';
import { fittingPage } from './page.js';

/** An operation with a response of so many bytes. */
const operation = (bytes: number): { operation: longrunning.Operation } => ({
  operation: {
    ...longrunning.Operation.fromJSON({ name: 'operations/x', done: true }),
    result: { $case: 'response', value: { typeUrl: 'x', value: Buffer.alloc(bytes) } },
  },
});
const page = (count: number, bytes: number): { operation: longrunning.Operation }[] =>
  Array.from({ length: count }, () => operation(bytes));

test('a page of large responses ends before it is more than a message holds', () => {
  const full = page(200, 400 * 1024);
  const found = fittingPage(full);
  expect(found).toEqual(full.slice(0, 7));
  const bytes = longrunning.ListOperationsResponse.encode({
    ...{ operations: found.map((each) => each.operation), nextPageToken: 'x', unreachable: [] },
  }).finish().length;
  expect(bytes).toBeLessThan(4 * 1024 * 1024);
});

test('small pages are whole, and one operation is always there', () => {
  expect(fittingPage(page(200, 1024))).toHaveLength(200);
  expect(fittingPage(page(2, 4 * 1024 * 1024))).toHaveLength(1);
  expect(fittingPage([])).toEqual([]);
});
