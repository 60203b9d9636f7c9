import { describe, expect, it } from 'vitest';
import { kvm_module } from '../../../modules/kvm_module.ts';
import { mistakesIn, planOn, summaryOf } from '../../support/plan.ts';

const OURS = '/etc/modprobe.d/kvmplay-kvm.conf';
const readOnly = (text: string) => ({ text, mode: '0444' });
const nested = (text: string) => ({ '/sys/module/kvm_intel/parameters/nested': readOnly(text) });

describe('kvm_module', () => {
  it('sets at once what can be written, and for the next load too', async () => {
    const files = { '/sys/module/kvm/parameters/halt_poll_ns': '200000\n' };

    const { changes } = await planOn(kvm_module, { kvm: { halt_poll_ns: 0 } }, files);

    expect(changes).toMatchObject([
      { plane: 'live', summary: 'kvm.halt_poll_ns: 200000 → 0', undo: [{ value: '200000' }] },
      { plane: 'persistent', after: { text: expect.stringContaining('\noptions kvm halt_poll_ns=0\n') } },
    ]);
  });

  it('leaves pending what cannot be written, and writes it down for the next load', async () => {
    const plan = await planOn(kvm_module, { kvm_intel: { nested: true } }, nested('N\n'));

    expect(plan.pending).toMatchObject([
      { plane: 'pending', needs: 'reboot', summary: expect.stringMatching(/nested: N → 1/) },
    ]);
    expect(plan.changes).toMatchObject([{ plane: 'persistent' }]);
  });

  it.each(['Y\n', '1\n', 'y'])('takes %j for true', async (text) => {
    expect(
      summaryOf(await planOn(kvm_module, { kvm_intel: { nested: true }, persistent: false }, nested(text))),
    ).toEqual([]);
  });

  it('says which module is not in use, and which parameter a kernel lacks', async () => {
    const plan = await planOn(
      kvm_module,
      { kvm_intel: { nested: true, enable_ipiv: false }, kvm_amd: { nested: true } },
      nested('Y\n'),
    );

    expect(plan.notes).toEqual([
      'kvm_amd: n/a, it is not loaded here',
      'kvm_intel.enable_ipiv: n/a, this kernel has no such parameter',
    ]);
    expect((await planOn(kvm_module, { kvm: { ignore_msrs: true } }, {})).na).toBe('kvm: n/a, it is not loaded here');
  });

  it('takes one parameter out of a line of many without losing the others', async () => {
    const files = { ...nested('Y\n'), [OURS]: 'options kvm-intel ept=1 nested=0 vpid=1\n#x\n' };

    const { changes } = await planOn(kvm_module, { kvm_intel: { nested: true } }, files);

    expect(changes).toMatchObject([
      { after: { text: 'options kvm_intel ept=1\noptions kvm_intel nested=1\noptions kvm_intel vpid=1\n#x\n' } },
    ]);
  });

  it.each([
    ['a later file', { '/etc/modprobe.d/zz.conf': 'options kvm_intel nested=0\n' }, '/etc/modprobe.d/zz.conf:1 sets'],
    ['the command line', { '/proc/cmdline': 'ro kvm-intel.nested=0 quiet\n' }, 'booted with kvm_intel.nested=0'],
  ])('knows that %s has the last word', async (_, more, expected) => {
    const files = { ...nested('Y\n'), [OURS]: 'options kvm_intel nested=1\n', ...more };

    const plan = await planOn(kvm_module, { kvm_intel: { nested: true } }, files);

    expect(plan.changes).toEqual([]);
    expect(plan.pending).toMatchObject([{ needs: 'manual', summary: expect.stringContaining(expected) }]);
  });

  it.each([
    [{}, ': expected a parameter of `kvm`, `kvm_intel` or `kvm_amd`'],
    [{ kvm: { halt_pol_ns: 1 } }, 'kvm: Unrecognized key: "halt_pol_ns"'],
    [{ kvm_amd: { nested: 2 } }, 'kvm_amd.nested: expected true or false'],
  ])('refuses %j', (params, message) => {
    expect(mistakesIn(kvm_module, params)).toContain(message);
  });
});
