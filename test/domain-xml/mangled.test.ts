import fc from 'fast-check';
import { type Document, type Element, parseXmlDocument, serializeToWellFormedString } from 'slimdom';
import { describe, expect, it } from 'vitest';
import { type Module, type Plan, type Probe, Problem, type Reading, Seen, text } from '../../src/contract/index.ts';
import { findModule, moduleNames } from '../../src/registry/index.ts';
import { corpus } from './corpus.ts';

const samples = corpus();
const found = await Promise.all(moduleNames().map(findModule));
const modules = found.filter((module): module is Module => module?.guests === true);

/** What a person or a program may have left where a number, a list or a name should be. */
const ODD = ['', 'x', '-1', '0x10', '1-', '1,2,,3', '^1', '1.5', '4294967296', '99999999999', '0-70000'];

interface Blow {
  readonly at: number;
  readonly how: 'remove' | 'double' | 'text' | 'attribute';
  readonly value: string;
}

const blow = fc.record<Blow>({
  at: fc.nat(10_000),
  how: fc.constantFrom('remove', 'double', 'text', 'attribute'),
  value: fc.constantFrom(...ODD),
});

function mangled(xml: string, blows: readonly Blow[]): string {
  const document = parseXmlDocument(xml);
  for (const { at, how, value } of blows) {
    const all = document.documentElement ? below(document.documentElement) : [];
    const element = all[at % Math.max(all.length, 1)];
    if (!element) continue;
    if (how === 'remove') element.remove();
    else if (how === 'double') element.after(element.cloneNode(true));
    else if (how === 'text' && element.children.length === 0) element.textContent = value;
    else if (how === 'attribute') {
      const attribute = element.attributes[at % Math.max(element.attributes.length, 1)];
      if (attribute) element.setAttributeNS(attribute.namespaceURI, attribute.name, value);
    }
  }
  return serializeToWellFormedString(document satisfies Document);
}

const below = (element: Element): Element[] => element.children.flatMap((child) => [child, ...below(child)]);

function planOn(module: Module, params: unknown, xml: string): Plan | Problem {
  const read = (probe: Probe): Reading => {
    if (probe.kind === 'domains') return { is: 'files', files: { 'guest/config': text(xml) } };
    return probe.kind === 'glob' ? { is: 'files', files: {} } : { is: 'absent' };
  };
  const probes = Object.entries(module.reads(params, new Seen(new Map())));
  try {
    return module.plan(
      params,
      new Seen(new Map(probes.map(([name, probe]) => [name, { probe, reading: read(probe) }]))),
    );
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

const edited = (plan: Plan | Problem): string | undefined => {
  const reading = plan instanceof Problem ? undefined : plan.changes[0]?.after;
  return reading?.is === 'text' ? reading.text : undefined;
};

describe.skipIf(samples.length === 0)('on XML that nobody should have written', () => {
  it.each(modules.map((module) => [module.name, module] as const))(
    '%s says what is wrong, or is done in one go',
    (_, module) => {
      const uses = module.examples.map(({ params: own }) =>
        module.params.safeParse({ ...(own as object), guests: 'all', tag: undefined }),
      );
      const params = uses.flatMap((parsed) => (parsed.success ? [parsed.data] : []));
      expect(params.length).toBeGreaterThan(0);
      let changed = 0;

      fc.assert(
        fc.property(
          fc.constantFrom(...samples),
          fc.constantFrom(...params),
          fc.array(blow, { minLength: 1, maxLength: 4 }),
          ({ text: source }, given, blows) => {
            const once = edited(planOn(module, given, mangled(source, blows)));
            if (once === undefined) return;
            changed++;
            expect(planOn(module, given, once)).toMatchObject({ changes: [] });
          },
        ),
        { numRuns: 150, seed: 1 },
      );

      expect(changed).toBeGreaterThan(0);
    },
  );
});
