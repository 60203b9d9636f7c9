export * from '../../src/laws/fake-host.ts';
