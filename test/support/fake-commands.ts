export * from '../../src/laws/fake-commands.ts';
