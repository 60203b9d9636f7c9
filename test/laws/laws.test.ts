import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Example, Module } from '../../src/contract/index.ts';
import { frozen } from '../../src/laws/frozen.ts';
import { type Case, hasWork, LAWS, type Law, Refused } from '../../src/laws/laws.ts';
import { exampleParams } from '../../src/registry/example-params.ts';
import { findModule, moduleNames } from '../../src/registry/index.ts';
import { FAKE_COMMANDS } from '../support/fake-commands.ts';
import { fakeHost } from '../support/fake-host.ts';
import { type Files, hostsAround } from './hosts.ts';

/** The gate looks at the same hosts each time; KVMPLAY_LAW_RUNS=500 looks at as many others. */
const asked = process.env.KVMPLAY_LAW_RUNS;
const effort = asked === undefined ? { numRuns: 8, seed: 1 } : { numRuns: Number(asked) };

const found = await Promise.all(moduleNames().map(findModule));
const modules = found.filter((module): module is Module => module !== undefined);

const caseOf = (module: Module, example: Example, files: Files): Case => ({
  module,
  params: frozen(exampleParams(module, example)),
  host: () => fakeHost({ files, commands: FAKE_COMMANDS }),
});

/** What they find is for those who come after them. */
const ONLY_LOOK = ['placement'];

/** Of a case that its own kernel refuses a law says nothing. */
const unlessRefused = (law: Law, subject: Case) =>
  law(subject).catch((error) => {
    if (!(error instanceof Refused)) throw error;
  });

describe.each(modules)('$name', (module) => {
  it('has three examples or more, with something to do in two', async () => {
    const works = await Promise.all(
      module.examples.map(async (example) => {
        const { host } = example;
        const subject = caseOf(module, example, host);
        return hasWork(subject, subject.host());
      }),
    );

    expect(works.length).toBeGreaterThanOrEqual(3);
    if (ONLY_LOOK.includes(module.name)) expect(works).not.toContain(true);
    else expect(works.filter(Boolean).length).toBeGreaterThanOrEqual(2);
  });

  const { properties } = z.toJSONSchema(module.params, { io: 'input' }) as { properties: Record<string, object> };

  it('describes every parameter', () => {
    for (const [name, field] of Object.entries(properties)) expect(field, name).toHaveProperty('description');
  });

  it('shows every parameter of its own in an example', () => {
    const shown = module.examples.flatMap(({ params }) => Object.keys(params as object));

    expect([...shown, 'file', 'live', 'persistent', 'guests', 'tag', 'config']).toEqual(
      expect.arrayContaining(Object.keys(properties)),
    );
  });

  describe.each(module.examples)('$title', (example) => {
    const { host } = example;
    it.each(Object.entries(LAWS))('%s', async (_, law) => {
      await law(caseOf(module, example, host));
    });

    it.each(Object.entries(LAWS))('%s, on hosts around it', async (_, law) => {
      await fc.assert(
        fc.asyncProperty(hostsAround(host), (files) => unlessRefused(law, caseOf(module, example, files))),
        effort,
      );
    });
  });
});
