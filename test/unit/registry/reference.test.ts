import { expect, it } from 'vitest';
import { z } from 'zod';
import { flag, integer } from '../../../src/contract/fields.ts';
import { defineModule, NOTHING } from '../../../src/contract/index.ts';
import { referenceOf } from '../../../src/registry/reference.ts';

const toy = defineModule({
  name: 'toy',
  summary: 'Wind it up.',
  params: z.strictObject({
    turns: integer(1, 9).describe('Turns of the key.'),
    loud: flag().prefault(false).describe('Whether it squeaks.'),
    mode: z.enum(['walk', 'run']).optional().describe('How | it goes.'),
    spring: z
      .strictObject({ steel: z.string().optional().describe('Its grade.') })
      .prefault({})
      .describe('Inside.'),
  }),
  reads: () => ({}),
  plan: () => NOTHING,
  examples: [{ title: 'Softly', params: { turns: 2, mode: 'walk' }, host: {} }],
});

it('writes the page of a module from its schema and its examples', () => {
  expect(referenceOf(toy, ({ title }) => `(${title})`)).toBe(`# toy

Wind it up.

## Parameters

| parameter | type | default | |
|---|---|---|---|
| \`turns\` | integer 1 to 9 | required | Turns of the key. |
| \`loud\` | boolean | \`false\` | Whether it squeaks. |
| \`mode\` | \`walk\`, \`run\` |  | How \\| it goes. |
| \`spring\` | mapping |  | Inside. |
| \`spring.steel\` | text |  | Its grade. |

## Examples

\`\`\`yaml
- name: Softly
  toy:
    turns: 2
    mode: walk
\`\`\`

(Softly)
`);
});
