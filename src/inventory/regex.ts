import { RE2JS } from 're2js';
import { mistake, UserError } from '../source/diagnostic.ts';

/**
 * Whether a name begins with what a regular expression in Python's words describes, in time linear in the name. Throws
 * `UserError`: `BadPattern`, or `UnsupportedPattern` for look-around and back references.
 */
export function matcherOf(expression: string): (name: string) => boolean {
  try {
    const compiled = RE2JS.compile(expression.replaceAll(/\\Z/g, '\\z'));
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
