import { describe, expect, it } from 'vitest';
import { cpu_power } from '../../../modules/cpu_power.ts';
import { mistakesIn, planOn, problemOn, summaryOf } from '../../support/plan.ts';

const POLICY = '/sys/devices/system/cpu/cpufreq/policy';
const LATENCY = 'power/pm_qos_resume_latency_us';
const live = { persistent: false };
const boot = { live: false };

/** Two CPUs, each with a clock of its own from 800 MHz to 3 GHz. */
function machine(more: Record<string, string> = {}): Record<string, string> {
  const each = [0, 1].flatMap((cpu) => [
    [`${POLICY}${cpu}/scaling_driver`, 'acpi-cpufreq\n'],
    [`${POLICY}${cpu}/affected_cpus`, `${cpu}\n`],
    [`${POLICY}${cpu}/scaling_governor`, 'schedutil\n'],
    [`${POLICY}${cpu}/scaling_available_governors`, 'performance schedutil \n'],
    [`${POLICY}${cpu}/cpuinfo_min_freq`, '800000\n'],
    [`${POLICY}${cpu}/cpuinfo_max_freq`, '3000000\n'],
    [`${POLICY}${cpu}/scaling_min_freq`, '800000\n'],
    [`${POLICY}${cpu}/scaling_max_freq`, '1000000\n'],
    [`/sys/devices/system/cpu/cpu${cpu}/${LATENCY}`, '0\n'],
  ]);
  return { ...Object.fromEntries(each), ...more };
}
const preferring = (driver: string, governor: string) =>
  machine(
    Object.fromEntries(
      [0, 1].flatMap((cpu) => [
        [`${POLICY}${cpu}/scaling_driver`, `${driver}\n`],
        [`${POLICY}${cpu}/scaling_governor`, `${governor}\n`],
        [`${POLICY}${cpu}/energy_performance_preference`, 'balance_power\n'],
        [`${POLICY}${cpu}/energy_performance_available_preferences`, 'performance balance_power power \n'],
      ]),
    ),
  );

describe('cpu_power', () => {
  it('raises the upper limit before the lower one, since the kernel never has them cross', async () => {
    const plan = await planOn(cpu_power, { cpus: '0', min_freq: '2GHz', max_freq: 'max', ...live }, machine());

    expect(summaryOf(plan)).toEqual([
      'live policy0.max_freq: 1000000 → 3000000',
      'live policy0.min_freq: 800000 → 2000000',
    ]);
  });

  it.each([
    [
      { governor: 'turbo' },
      'NotOffered: CPU clock policy 0 has no governor "turbo" (choose one of: performance, schedutil)',
    ],
    [{ max_freq: '5GHz' }, 'OutOfRange: policy0.max_freq: 5000 MHz cannot be had (this CPU has 800 MHz to 3000 MHz)'],
  ])('%j cannot be had', async (params, problem) => {
    expect(await problemOn(cpu_power, params, machine())).toBe(problem);
  });

  it.each([
    [{}, 'expected a setting such as `governor`'],
    [{ min_freq: '3GHz', max_freq: '2GHz' }, 'expected `min_freq` to be no higher than `max_freq`'],
    [{ min_freq: 800_000 }, 'expected a frequency with its unit'],
    [{ resume_latency: 0 }, 'expected microseconds, `zero` or `unlimited`'],
    [{ governor: 'performance', cpus: '3-1' }, 'runs backwards'],
  ])('%j is a mistake', (params, message) => {
    expect(mistakesIn(cpu_power, params).join()).toContain(message);
  });

  it('leaves the preference alone where the governor sets it itself', async () => {
    const params = { governor: 'performance', energy_performance_preference: 'power', ...live };

    const active = await planOn(cpu_power, params, preferring('intel_pstate', 'performance'));
    const passive = await planOn(cpu_power, params, preferring('intel_cpufreq', 'performance'));

    expect([active.changes, active.notes?.length]).toEqual([[], 2]);
    expect(passive.changes).toHaveLength(2);
  });

  it.each([
    ['cpufreq/boost', '1', 'live boost: 1 → 0'],
    ['intel_pstate/no_turbo', '0', 'live no_turbo: 0 → 1'],
    ['cpufreq/policy1/boost', '1', 'live policy1.boost: 1 → 0'],
  ])('switches boost off by %s where that is what there is', async (path, now, summary) => {
    const files = machine({ [`/sys/devices/system/cpu/${path}`]: `${now}\n` });

    expect(summaryOf(await planOn(cpu_power, { boost: false, ...live }, files))).toEqual([summary]);
  });

  it.each([
    ['zero', 'n/a'],
    [20, '20'],
  ])('writes a resume latency of %s as the kernel has it', async (resume_latency, value) => {
    const { changes } = await planOn(cpu_power, { cpus: '1', resume_latency, ...live }, machine());

    expect(changes.flatMap((change) => change.do)).toEqual([
      { do: 'poke', path: `/sys/devices/system/cpu/cpu1/${LATENCY}`, value },
    ]);
  });

  it('has CPUs that come later set alike at boot, unless some were named', async () => {
    const lines = async (params: object) => {
      const { changes } = await planOn(cpu_power, { ...params, ...boot }, machine());
      const [after] = changes.map((change) => change.after);
      return after?.is === 'text' ? after.text.split('\n').filter((line) => line.startsWith('w ')) : [];
    };

    expect(await lines({ governor: 'performance', resume_latency: 20 })).toEqual([
      `w ${POLICY}*/scaling_governor - - - - performance`,
      `w /sys/devices/system/cpu/cpu[0-9]*/${LATENCY} - - - - 20`,
    ]);
    expect(await lines({ cpus: '1', governor: 'performance' })).toEqual([
      `w ${POLICY}1/scaling_governor - - - - performance`,
    ]);
  });

  it('sets clocks again at boot once their driver is there, where that comes as a module', async () => {
    const late = machine({ '/sys/module/acpi_cpufreq/initstate': 'live\n' });
    const units = async (params: object, files: Record<string, string>) => {
      const { changes } = await planOn(cpu_power, { ...params, ...boot }, files);
      return changes.filter(({ summary }) => summary.includes('kvmplay-cpu_power.service')).length;
    };

    expect(await units({ governor: 'performance' }, late)).toBe(2);
    expect(await units({ resume_latency: 20 }, late)).toBe(0);
    expect(await units({ governor: 'performance' }, machine())).toBe(0);
  });

  it('names services that set clocks as well', async () => {
    const files = {
      ...machine(),
      '/etc/systemd/system/multi-user.target.wants/ondemand.service': { link: '/lib/systemd/system/ondemand.service' },
    };

    expect((await planOn(cpu_power, { governor: 'performance' }, files)).notes).toEqual([
      'ondemand.service is enabled and sets clocks when it starts: disable it, or leave them to it',
    ]);
    expect(await planOn(cpu_power, { resume_latency: 20 }, files)).not.toHaveProperty('notes');
  });

  it('is not there on a virtual machine', async () => {
    expect((await planOn(cpu_power, { governor: 'performance' }, {})).na).toBe(
      'no driver sets the clocks of these CPUs',
    );
  });
});
