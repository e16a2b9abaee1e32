// The id of a large frame in its last bytes, however they are written. Not for: frames that are all there at once
// (message.test.ts).
import { expect, test } from 'vitest';
import { idAtEnd } from '../../../src/wire/head.ts';

const at = (text: string): string | undefined => idAtEnd(Buffer.from(text));

test.each([
  ['}],"isError":false},"jsonrpc":"2.0","id":7}\n', '7'],
  ['}]},"id":7,"jsonrpc":"2.0"}\n', '7'],
  ['}]} , "jsonrpc" : "2.0" , "id" : 9007199254740993 }\r\n', '9007199254740993'],
  ['"}],"x":true,"id":"a \\"quoted\\" one","y":null}', '"a \\"quoted\\" one"'],
  ['x","id":"\u00e9"}', '"\u00e9"'],
  ['x","id":"\\u0041"}', '"A"'],
  ['x,","id":0}', '0'],
  ['x\\\\","id":-1}', '-1'],
])('%j has the id %s', (text, id) => {
  expect(at(text)).toBe(id);
});

test.each([
  ['}]},"jsonrpc":"2.0"}\n'],
  // The id of something within the result, or text that only looks like one.
  ['"structured":{"a":1,"id":5}}'],
  ['"text":",\\"id\\":5}"}'],
  [',\\"id\\":5}"},"jsonrpc":"2.0"}'],
  ['"id":5},"last":{}}'],
  ['"id":5}]}'],
  [''],
])('%j has none that is known', (text) => {
  expect(at(text)).toBeUndefined();
});
