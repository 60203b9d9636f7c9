// Imports point down: a layer may import itself and what stands below it.
const layers = [
  ['cli'],
  ['lab', 'fleet', 'laws'],
  ['engine', 'report'],
  ['playbook', 'inventory', 'registry', 'transport'],
  ['template', 'vault'],
  ['source', 'topology', 'domain-xml', 'evidence', 'facts'],
  ['contract'],
];
const oneDoor = {
  ssh2: '^src/(transport|lab)/',
  yaml: '^src/source/',
  handlebars: '^src/template/',
  '@marcbachmann/cel-js': '^src/template/',
  commander: '^src/cli/',
  jiti: '^src/registry/',
  slimdom: '^src/(domain-xml|laws)/',
  'age-encryption': '^src/vault/',
};

const forbidden = [
  { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  {
    name: 'declared-only',
    severity: 'error',
    from: { path: '^(src|modules)/' },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'unknown'] },
  },
  {
    name: 'modules-know-the-contract',
    severity: 'error',
    from: { path: '^modules/' },
    to: { path: '^src/', pathNot: '^src/(contract|topology|domain-xml)/' },
  },
  {
    name: 'registry-imports-modules',
    severity: 'error',
    from: { path: '^src/', pathNot: '^src/registry/' },
    to: { path: '^modules/' },
  },
  { name: 'source-has-no-tests', severity: 'error', from: { path: '^(src|modules)/' }, to: { path: '^test/' } },
  {
    name: 'contract-has-no-transport',
    severity: 'error',
    from: { path: '^src/contract/' },
    to: { path: '^src/', pathNot: '^src/contract/' },
  },
];
layers.forEach((layer, depth) => {
  const above = layers.slice(0, depth).flat();
  if (above.length === 0) return;
  forbidden.push({
    name: `${layer.join('-')}-imports-down`,
    severity: 'error',
    from: { path: `^src/(${layer.join('|')})/` },
    to: { path: `^src/(${above.join('|')})/` },
  });
});
for (const [library, door] of Object.entries(oneDoor))
  forbidden.push({
    name: `one-door-${library}`,
    severity: 'error',
    from: { path: '^(src|modules)/', pathNot: door },
    to: { path: `^node_modules/${library}/` },
  });

module.exports = {
  forbidden,
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
