/** What differs from host to host in the name of a knob: which CPU, disk, node, interrupt, unit, guest. */
const PARTS: readonly [RegExp, string][] = [
  [/^[^/].* \((live|config)\)$/, 'XML of guests ($1)'],
  [/^.* \(mounted\)$/, 'mounts'],
  [/^systemctl show --property=\S+ /, 'systemctl: '],
  [/^(dpkg-query|rpm|apt-cache) .*/s, '$1: packages'],
  [/^(\/etc\/(?:modules-load|modprobe)\.d)\/\w+\.conf$/, '$1/*.conf'],
  [/^(\/sys\/module)\/\w+\/initstate$/, '$1/*/initstate'],
  [/^(\/sys\/block)\/[^/]+\//, '$1/*/'],
  [/\/(cpu|policy|node)\d+\//g, '/$1*/'],
  [/^(\/proc\/irq)\/\d+\//, '$1/*/'],
  [/\/(rx|tx)-\d+\//, '/$1-*/'],
  [/^(\/sys\/class\/net)\/[^/]+\//, '$1/*/'],
  [/\/(conf|neigh)\/[^/]+\//, '/$1/*/'],
  [/\/hugepages-\d+kB\//, '/hugepages-*kB/'],
  [/\/loader\/entries\/.*\.conf$/, '/loader/entries/*.conf'],
  [/[\w\\-]+\.mount$/, '*.mount'],
  [/(\/cgroup|\/system)\/[\w.\\-]+\.(slice|scope)/, '$1/*.$2'],
  [/^(systemctl: )(?:[\w.\\-]+\.(?:slice|scope) ?)+$/, '$1AllowedCPUs of slices'],
];

/** One name for the same knob on every host. */
export const knobName = (target: string): string =>
  PARTS.reduce((name, [part, instead]) => name.replace(part, instead), target);
