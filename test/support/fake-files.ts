export * from '../../src/laws/fake-files.ts';
