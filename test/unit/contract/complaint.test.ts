import { describe, expect, it } from 'vitest';
import { complaintOf } from '../../../src/contract/complaint.ts';

describe('what a failed command says of it', () => {
  const long = 'x'.repeat(99);

  it.each([
    ['stderr alone where there is enough of it', 'much else\n', `${long}y\n`, `${long}y`],
    ['stdout where stderr is empty', "No provider of 'x' found.\n", '\n', "No provider of 'x' found."],
    [
      'both where stderr only points at it',
      'dpkg: error processing x\n',
      'E: dpkg returned an error code (1)\n',
      'E: dpkg returned an error code (1); on stdout: dpkg: error processing x',
    ],
    ['once what stands on both', 'no\n', 'sorry: no\n', 'sorry: no'],
    ['nothing of nothing', '\n', '', ''],
    ['what a terminal shows of a progress bar', ' 1%\r50%\r99% \r\nfailed\n', '', '99%\nfailed'],
    ['the last lines', `${'line\n'.repeat(30)}end\n`, '', `… ${'line\n'.repeat(19)}end`],
    ['no more than whole lines', `${'ab'.repeat(5000)}\nc\n`, '', '… c'],
  ])('is %s', (_, stdout, stderr, wanted) => {
    expect(complaintOf({ stdout, stderr })).toBe(wanted);
  });
});
