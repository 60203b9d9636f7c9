import { KEYWORDS, type KeywordName } from '../../src/playbook/keywords.ts';
import { findHelper, helperNames } from '../../src/template/helpers.ts';

/** The rows of the tables in docs/playbooks.md and docs/templates-and-conditions.md, as the code has them. */
export const keywordRows = (): readonly string[] =>
  (Object.keys(KEYWORDS) as KeywordName[]).map((name) => {
    const { on, takes, says } = KEYWORDS[name];
    return `| \`${name}\` | ${on.join(', ')} | ${takes} | ${says} |`;
  });

export const helperRows = (): readonly string[] =>
  helperNames().map((name) => `| \`${findHelper(name)?.usage}\` | ${findHelper(name)?.summary} |`);
