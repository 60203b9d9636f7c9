import { type Example, type Module, type Source, sha256Of } from '../contract/index.ts';

/** A documented use's parameters as a module gets them, with the file of the control node that it names. */
export function exampleParams(module: Module, { params, source: text }: Example): unknown {
  const valid = module.params.parse(params);
  if (text === undefined || !module.source) return valid;
  const path = String((valid as Readonly<Record<string, unknown>>)[module.source.param]);
  const name = path.slice(path.lastIndexOf('/') + 1).replace(module.source.folder === 'templates' ? /\.hbs$/ : '', '');
  const source: Source = { name, path, sha256: sha256Of(text), size: Buffer.byteLength(text), content: text };
  return { ...(valid as object), source };
}
