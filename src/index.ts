/** What a project's own modules may import, as `kvmplay`: all that kvmplay's own modules do, and zod. */

export { z } from 'zod';
export * as fields from './contract/fields.ts';
export * from './contract/index.ts';
