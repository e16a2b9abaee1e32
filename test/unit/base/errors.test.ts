// Errors that a person reads: what happened, why, what to do next (DESIGN 2.9).
import { expect, test } from 'vitest';
import {
  asUnreachable,
  EXIT,
  messageOf,
  RefusedError,
  StorageError,
  UnreachableError,
  UsageError,
  UserError,
} from '../../../src/base/errors.ts';

test('an error tells what happened, why, and what to do next', () => {
  const cause = new Error('EACCES');
  const error = new StorageError('The directory cannot be written.', { next: 'Choose another one.', cause });
  expect(error).toMatchObject({
    message: 'The directory cannot be written.',
    next: 'Choose another one.',
    cause,
  });
  expect(error).toBeInstanceOf(UserError);
  expect(error).toBeInstanceOf(Error);
});

test('without a next step or a cause there is none, not an undefined one', () => {
  const error = new UnreachableError('No network.');
  expect(error.next).toBe('');
  expect('cause' in error).toBe(false);
});

test.each([
  [new UserError('m'), 'UserError', EXIT.error],
  [new UsageError('m'), 'UsageError', EXIT.usage],
  [new StorageError('m'), 'StorageError', EXIT.error],
  [new UnreachableError('m'), 'UnreachableError', EXIT.error],
  [new RefusedError('bad_refresh_token', 'm'), 'RefusedError', EXIT.error],
])('%s has its own name and exit code', (error, name, exitCode) => {
  expect(error.name).toBe(name);
  expect(error.exitCode).toBe(exitCode);
});

test('a refusal keeps the code of the server', () => {
  expect(new RefusedError('device_flow_disabled', 'm', { next: 'n' })).toMatchObject({
    code: 'device_flow_disabled',
    next: 'n',
  });
});

test('messageOf gives the text of anything that was thrown', () => {
  expect(messageOf(new UsageError('said so'))).toBe('said so');
  expect(messageOf('text')).toBe('text');
  expect(messageOf(undefined)).toBe('undefined');
});

test('what is refused while a login that worked is renewed is no reason to end that login', () => {
  const refused = new RefusedError('no_metadata', 'nothing there', { next: 'Look.' });
  expect(asUnreachable(refused)).toBeInstanceOf(UnreachableError);
  expect(asUnreachable(refused)).toMatchObject({ message: 'nothing there', next: 'Look.' });
  const other = new TypeError('a bug');
  expect(asUnreachable(other)).toBe(other);
});
