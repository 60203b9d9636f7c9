import { type Example, type Module, type Source, sha1Of, sha256Of } from '../contract/index.ts';

/** A documented use's parameters as a module gets them, with the file of the control node that it names. */
export function exampleParams(module: Module, { params, source: found }: Example): unknown {
  const valid = module.params.parse(params);
  if (found === undefined || !module.source) return valid;
  const path = String((valid as Readonly<Record<string, unknown>>)[module.source.param]);
  const name = path.slice(path.lastIndexOf('/') + 1).replace(module.source.folder === 'templates' ? /\.hbs$/ : '', '');
  const source = typeof found === 'string' ? fileOf(name, path, found) : treeOf(name, path, found);
  return { ...(valid as object), source };
}

const fileOf = (name: string, path: string, text: string): Source => ({
  name,
  path,
  sha256: sha256Of(text),
  sha1: sha1Of(text),
  size: Buffer.byteLength(text),
  content: text,
});

/** Directories come with what is in them. */
function treeOf(name: string, path: string, files: Readonly<Record<string, string>>): Source {
  const above = (own: string) => own.split('/').map((_, depth, parts) => parts.slice(0, depth).join('/'));
  const directories = [...new Set(Object.keys(files).flatMap(above))].filter((one) => one !== '').sort();
  const tree = [
    ...directories.map((own) => ({ path: own })),
    ...Object.entries(files).map(([own, text]) => ({
      path: own,
      file: fileOf(own.slice(own.lastIndexOf('/') + 1), `${path}/${own}`, text),
    })),
  ];
  return { name, path, sha256: sha256Of(JSON.stringify(files)), size: 0, tree };
}
