export * from '../../src/laws/fake-kernel.ts';
