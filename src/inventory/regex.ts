import { RE2JS } from 're2js';
import { mistake, UserError } from '../source/diagnostic.ts';

/**
 * Whether a name begins with what a regular expression in Python's words describes, in time linear in the name. Throws
 * `UserError`: `BadPattern`, or `UnsupportedPattern` for look-around and back references.
 */
export function matcherOf(expression: string): (name: string) => boolean {
  try {
    const compiled = RE2JS.compile(inWordsOfRe2(expression));
    return (name) => compiled.matcher(name).lookingAt();
  } catch (error) {
    const why = (error as Error).message;
    if (!/\(\?(?:[=!]|<[=!]|P=)|\\[1-9]/.test(expression))
      throw new UserError([
        mistake(
          'BadPattern',
          `"~${expression}" is no regular expression: ${why}`,
          undefined,
          'patterns are those of RE2',
        ),
      ]);
    const message = `"~${expression}" uses look-around or a back reference, which cannot be had in linear time`;
    throw new UserError([
      mistake('UnsupportedPattern', message, undefined, 'combine patterns with :& and :! in its place'),
    ]);
  }
}

/** `\Z` is `\z` there, and a bracket in a class is but a bracket to Python. */
function inWordsOfRe2(expression: string): string {
  let inClass = false;
  return expression.replaceAll(/\\.|\[\^?\]?|\]/gs, (part) => {
    if (part === '\\Z') return '\\z';
    if (part.startsWith('\\')) return part;
    if (!inClass && part !== ']') {
      inClass = true;
      return part.replace(']', '\\]');
    }
    if (part.endsWith(']')) inClass = false;
    return part.replace('[', '\\[');
  });
}
