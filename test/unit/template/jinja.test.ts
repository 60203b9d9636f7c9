import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../../src/source/yaml.ts';
import { conditionMistakes, templateMistakes } from '../../../src/template/index.ts';

const node = (text: string) => {
  const one = parseYaml(JSON.stringify(text), 'x.yml');
  if (one.kind !== 'scalar') throw new Error('a case is a text');
  return one;
};

describe('a template from habit', () => {
  it.each([
    ['x | default(omit)', 'default x omit'],
    ["x | default('a', true)", "default x 'a' true"],
    ['x | default([])', 'default x (list)'],
    ['x | default({})', 'default x (dict)'],
    ['x.y | default([1, 2]) | length', 'length (default x.y (list 1 2))'],
    ['(a | default(1)) | int + 1', 'add (int (default a 1)) 1'],
    ['a | int * 1024 * 1024', 'mul (int a) 1024 1024'],
    ['(a + b) * 2', 'mul (add a b) 2'],
    ['a - b - c', 'sub (sub a b) c'],
    ['memory // 2', 'div memory 2'],
    ["'a' ~ b ~ 'c'", "concat 'a' b 'c'"],
    ["'kvm-' + name + '.conf'", "concat 'kvm-' name '.conf'"],
    ['items + [item]', 'flatten (list items (list item)) 1'],
    ["'x' if a == 'b' else 'y'", "ternary (eq a 'b') 'x' 'y'"],
    ["'x' if a else 'y' if b else 'z'", "ternary a 'x' (ternary b 'y' 'z')"],
    ["'x' if a is defined and b", 'ternary (and (defined a) b) \'x\' ""'],
    ['a is not defined', 'not (defined a)'],
    ["(a == 'b') | ternary(1, 2)", "ternary (eq a 'b') 1 2"],
    ["enabled | bool | ternary('started', 'stopped')", "ternary (bool enabled) 'started' 'stopped'"],
    [
      "hostvars[inventory_hostname]['ansible_host'].x",
      "lookup (lookup (lookup hostvars inventory_hostname) 'ansible_host') 'x'",
    ],
    ["hostvars['kvm-1']['numa']['nodes']", 'hostvars.kvm-1.numa.nodes'],
    ["groups['kvm'][0]", 'groups.kvm.[0]'],
    ["groups['kvm'] | first", 'first groups.kvm'],
    ["groups['kvm'] | length", 'length groups.kvm'],
    ['out.stdout_lines[-1]', 'last out.stdout_lines'],
    ['out.stdout.split()[0]', 'first (split out.stdout)'],
    ["disks | map(attribute='name') | list", "pluck disks 'name'"],
    ["disks | selectattr('boot') | list", "selectattr disks 'boot'"],
    [
      "disks | selectattr('bus', 'equalto', 'scsi') | map(attribute='name') | join(',')",
      "join (pluck (selectattr disks 'bus' 'scsi') 'name') ','",
    ],
    ["a | regex_replace('^(a)(b)$', '\\\\1-\\\\2')", "regex_replace a '^(a)(b)$' '$1-$2'"],
    ['a | union(b) | difference(c) | unique', 'unique (difference (union a b) c)'],
    ['a | combine(b)', 'combine a b'],
    ['a | community.general.flatten', 'flatten a'],
    ["m.get('k', 'd')", "default m.k 'd'"],
    ['m.items()', 'm'],
    ['(out.stdout | from_json).blockdevices', "lookup (from_json out.stdout) 'blockdevices'"],
    ['m.keys() | list', 'keys m'],
    ['s.strip().upper()', 'upper (trim s)'],
    ['x not in y', 'not (in x y)'],
    ['range(0, 4) | list', 'range 0 4'],
    ["[a, 'b']", "list a 'b'"],
  ])('%s is written as {{%s}}', (jinja, handlebars) => {
    expect(templateMistakes(node(`{{ ${jinja} }}`)).map(({ hint }) => hint)).toEqual([`write {{${handlebars}}}`]);
    expect(templateMistakes(node(`{{${handlebars}}}`))).toEqual([]);
  });

  it.each([
    ["a | map('int') | list", 'there is nothing like "map" with a filter here'],
    ['a | to_nice_yaml', 'there is nothing like "to_nice_yaml" here'],
    ["a is version('1.0', '>=')", 'there is nothing like the test "version" here'],
    ["'%s' | format(a)", 'there is nothing like "format" here'],
    ["lookup('file', 'x')", 'give the value with -e'],
    ["a | default(lookup('env', 'X'))", 'give the value with -e'],
  ])('%s has no counterpart', (jinja, hint) => {
    expect(templateMistakes(node(`{{ ${jinja} }}`)).map((one) => one.hint)).toEqual([expect.stringContaining(hint)]);
  });
});

describe('a condition from habit', () => {
  it.each([
    ["os == 'Debian' and x is defined and x | bool", 'os == "Debian" && defined(x) && bool(x)'],
    ['a and (b or c)', 'a && (b || c)'],
    ['not a and not b', '!a && !b'],
    ['not (a or b)', '!(a || b)'],
    ["not a == 'b'", '!(a == "b")'],
    ["a not in ['x', 'y']", '!(a in ["x", "y"])'],
    ["'x' not in groups['kvm']", '!("x" in groups.kvm)'],
    ['inventory_hostname in groups["kvm"] and a is undefined', 'inventory_hostname in groups.kvm && !defined(a)'],
    ['out.rc != 0 and out is not changed', 'out.rc != 0 && !out.changed'],
    ['out is failed or out is skipped', 'out.failed || out.skipped'],
    ['out is succeeded', '!out.failed'],
    ['out.stdout_lines | length > 0', 'size(out.stdout_lines) > 0'],
    ['out.stdout | int >= 4', 'int(out.stdout) >= 4'],
    ['(a | default(false)) | bool', 'bool(defined(a) ? a : false)'],
    ["a | default('x') == 'y'", '(defined(a) ? a : "x") == "y"'],
    ['a.b | default([]) | length == 0', 'size(defined(a.b) ? a.b : []) == 0'],
    ['a is none or a is not none', 'a == null || a != null'],
    ["a is match('kvm.*')", 'a.matches("^(kvm.*)")'],
    ["a is search('\\\\d+')", 'a.matches("\\\\d+")'],
    ["a | lower == 'debian'", 'a.lowerAscii() == "debian"'],
    ['a.x | selectattr("up") | list | length > 1', 'size(a.x.filter(x, x.up)) > 1'],
    ["a | map(attribute='n') | list != []", 'a.map(x, x.n) != []'],
    ["hostvars[item]['x'] is defined", 'defined(hostvars[item].x)'],
    ["a['b-c'] == None", 'a["b-c"] == null'],
    ['a.results[-1] is changed', 'a.results[size(a.results) - 1].changed'],
    ["a.startswith('kvm') and b.endswith('x')", 'a.startsWith("kvm") && b.endsWith("x")'],
    ['a is string and b is sameas true', 'type(a) == string && b == true'],
    ['a % 2 == 0 or a is odd', 'a % 2 == 0 || a % 2 == 1'],
    ['a - (b - 1) > c // 2 and d', 'a - (b - 1) > c / 2 && d'],
    ["a == ('x' if b else 'y')", 'a == (b ? "x" : "y")'],
    ['a.0.b == 1', 'a[0].b == 1'],
    ['{{ a and b }}', 'it without {{ }}: `a && b'],
  ])('%s is written as %s', (jinja, cel) => {
    const hints = conditionMistakes(node(jinja)).map(({ hint }) => hint);
    expect(hints).toEqual([cel.includes('`') ? `write ${cel}\`` : `write \`${cel}\``]);
    if (!cel.includes('`')) expect(conditionMistakes(node(cel))).toEqual([]);
  });

  it.each([
    ["a is version('1.0', '>=')", 'compare numbers'],
    ['a.0.find("x") > 1', 'text.contains'],
    ['a | to_json | b', 'CEL has no filters'],
  ])('%s has no counterpart', (jinja, hint) => {
    expect(conditionMistakes(node(jinja)).map((one) => one.hint)).toEqual([expect.stringContaining(hint)]);
  });
});
