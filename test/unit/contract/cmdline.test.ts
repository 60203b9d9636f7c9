import { describe, expect, it } from 'vitest';
import { parseCmdline, sameValue } from '../../../src/contract/cmdline.ts';
import {
  addArgument,
  dropArgument,
  reword,
  setArgument,
  setHugePages,
  type Wish,
} from '../../../src/contract/cmdline-wish.ts';
import { rewordedText } from '../../../src/contract/grub.ts';

const granted = (text: string, ...wishes: Wish[]): string => {
  const line = parseCmdline(text);
  return rewordedText(text, line, reword(line, wishes));
};

describe('a kernel command line', () => {
  it('is read as the kernel reads it', () => {
    // lib/cmdline.c: quotes hold blanks together, around a value or around all of it, and -- ends what is the kernel's.
    const text = 'ro  dyndbg="file a.c +p" "x.y=1 2" nosmt acpi_osi="!Windows 2012" -- single';

    const { args, init } = parseCmdline(text);

    expect(args.map(({ name, value }) => [name, value])).toEqual([
      ['ro', undefined],
      ['dyndbg', 'file a.c +p'],
      ['x.y', '1 2'],
      ['nosmt', undefined],
      ['acpi_osi', '!Windows 2012'],
    ]);
    expect(init).toBe(text.indexOf('--'));
  });

  it.each([
    ['isolcpus', '2,3', 'domain,2-3', true],
    ['isolcpus', 'domain,managed_irq,2-3', 'managed_irq,domain,2,3', true],
    ['isolcpus', 'managed_irq,2-3', '2-3', false],
    ['nohz_full', '1-7:1/2', '1,3,5,7', true],
    ['rcu-nocbs', '1-3', '1,2,3', true],
    ['rcu_nocbs', '0-N', '0-7', false],
    ['default_hugepagesz', '1G', '1024M', true],
    ['quiet', '1G', '1024M', false],
    ['nosmt', undefined, 'force', false],
  ])('%s=%s and =%s mean the same: %s', (name, a, b, same) => {
    expect(sameValue(name, a, b)).toBe(same);
  });

  it.each([
    ['adds what is not there', 'ro quiet', setArgument('iommu', ['pt']), 'ro quiet iommu=pt'],
    ['replaces it where it stands', 'ro iommu=off quiet', setArgument('iommu', ['pt']), 'ro iommu=pt quiet'],
    ['keeps what means the same', 'isolcpus=3,2 ro', setArgument('isolcpus', ['2-3']), 'isolcpus=3,2 ro'],
    ['has it once', 'a=1 b a=2 c', setArgument('a', ['1']), 'a=1 b c'],
    ['takes - for _', 'rcu-nocbs=1 ro', setArgument('rcu_nocbs', ['2']), 'rcu_nocbs=2 ro'],
    ['sets a bare word', 'nosmt=force', setArgument('nosmt', [undefined]), 'nosmt'],
    ['quotes blanks', 'ro', setArgument('dyndbg', ['file a.c +p']), 'ro dyndbg="file a.c +p"'],
    ['leaves init its own', 'ro -- single', setArgument('quiet', [undefined]), 'ro quiet -- single'],
    [
      'adds to what counts several times',
      'console=tty0 ro',
      addArgument('console', 'ttyS0'),
      'console=tty0 ro console=ttyS0',
    ],
    [
      'orders a list',
      'console=ttyS0 ro console=tty0',
      setArgument('console', ['tty0', 'ttyS0']),
      'console=tty0 ro console=ttyS0',
    ],
    ['takes one of several out', 'console=tty0 ro console=ttyS0', dropArgument('console', 'tty0'), 'ro console=ttyS0'],
    ['takes all of a name out', 'console=tty0 ro console=ttyS0', dropArgument('console'), 'ro'],
    ['does not take one name for another', 'kvm.nested=1 xnested=1', dropArgument('nested'), 'kvm.nested=1 xnested=1'],
  ])('%s', (_, text, wish, expected) => {
    expect(granted(text, wish)).toBe(expected);
    expect(granted(expected, wish)).toBe(expected);
  });

  it.each([
    ['ro', 'ro hugepagesz=1G hugepages=8'],
    ['hugepagesz=2M hugepages=64 ro', 'hugepagesz=2M hugepages=64 ro hugepagesz=1G hugepages=8'],
    ['hugepagesz=1G hugepages=4 hugepagesz=2M hugepages=64', 'hugepagesz=1G hugepages=8 hugepagesz=2M hugepages=64'],
    ['default_hugepagesz=1024M hugepages=4', 'default_hugepagesz=1024M hugepages=8'],
    ['hugepages=4 hugepagesz=1G ro', 'hugepages=4 hugepagesz=1G hugepages=8 ro'],
    ['hugepagesz=1G hugepages=8 hugepagesz=1G hugepages=9 ro', 'hugepagesz=1G hugepages=8 ro'],
  ])('"%s" with 8 pages of 1G: "%s"', (text, expected) => {
    expect(granted(text, setHugePages(1048576, '8'))).toBe(expected);
  });
});
