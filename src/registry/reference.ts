import { z } from 'zod';
import { printYaml } from '../source/print-yaml.ts';

/** What a page is made of. */
export interface Documented {
  readonly name: string;
  readonly summary: string;
  readonly notes?: string;
  readonly params: z.ZodType;
  readonly examples: readonly { readonly title: string; readonly params: unknown }[];
}

/** A parameter as the reference shows it. */
interface Parameter {
  /** Dotted where it stands inside another: `khugepaged.defrag`. */
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default: string;
  readonly description: string;
}

/** The part of JSON Schema that zod writes for parameters. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
}

/** The JSON Schema of a module's parameters as they are written, for editors. */
export function schemaOf(module: Documented): Schema {
  return { ...z.toJSONSchema(module.params, { io: 'input' }), title: module.name } as Schema;
}

/** A module's page, in Markdown. `shown` is put under each example: what comes of it on its host. */
export function referenceOf<One extends Documented>(
  module: One,
  shown: (example: One['examples'][number]) => string = () => '',
): string {
  const parts = [
    `# ${module.name}`,
    module.summary,
    module.notes?.trim() ?? '',
    '## Parameters',
    parameterTable(schemaOf(module)),
    '## Examples',
    ...module.examples.flatMap((example) => [exampleText(module, example), shown(example)]),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function exampleText({ name }: Documented, { title, params }: Documented['examples'][number]): string {
  return ['```yaml', printYaml([{ name: title, [name]: params }]), '```'].join('\n');
}

function parametersOf(schema: Schema, inside = ''): Parameter[] {
  const named = Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const name = `${inside}${key}`;
    const own: Parameter = {
      name,
      type: typeOf(field),
      required: schema.required?.includes(key) ?? false,
      default: field.properties || typeof (field.default ?? {}) === 'object' ? '' : String(field.default),
      description: field.description ?? '',
    };
    const parts = field.properties ? field : field.items?.properties ? field.items : undefined;
    return [own, ...(parts ? parametersOf(parts, `${name}.`) : [])];
  });
  // Any names, all of one kind.
  const { additionalProperties: any } = schema;
  if (inside !== '' || typeof any !== 'object' || any.description === undefined) return named;
  return [...named, { name: 'NAME', type: typeOf(any), required: false, default: '', description: any.description }];
}

/** The type as a person reads it. A value and the text of one are both taken, which goes without saying. */
function typeOf(schema: Schema): string {
  if (schema.anyOf) {
    const others = schema.anyOf;
    const of = (type: string) => others.some((one) => one.type === type);
    const list = others.some((one) => one.type === 'array' && one.items?.type === 'string');
    const scalars = ['string', 'number', 'boolean'].every((type) =>
      others.some((one) => one.type === type && !one.enum),
    );
    const unsaid = (one: Schema) =>
      (one.enum && of('boolean')) ||
      (one.type === 'string' && (of('integer') || list)) ||
      (scalars && (one.type === 'number' || one.type === 'boolean'));
    return [...new Set(others.filter((one) => !unsaid(one)).map(typeOf))].join(' or ');
  }
  if (typeof schema.const === 'boolean') return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map((one) => `\`${one}\``).join(', ');
  if (schema.type === 'integer') return `integer${rangeOf(schema)}`;
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`;
  if (schema.type === 'object') return schema.properties ? 'mapping' : 'mapping of names';
  const types = [schema.type ?? 'anything'].flat();
  return types.map((type) => (type === 'string' ? 'text' : type)).join(' or ');
}

function rangeOf({ minimum, maximum }: Schema): string {
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) return ` ${minimum ?? 0} to ${maximum}`;
  return minimum === undefined || minimum < 0 ? '' : `, ${minimum} or more`;
}

function parameterTable(schema: Schema): string {
  const parameters = parametersOf(schema);
  if (parameters.length === 0) return schema.type === 'object' ? 'None.' : `One word: ${typeOf(schema)}.`;
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const rows = parameters.map(({ name, type, required, default: preset, description }) => {
    const standard = required ? 'required' : preset === '' ? '' : `\`${preset}\``;
    return `| \`${name}\` | ${cell(type)} | ${standard} | ${cell(description)} |`;
  });
  return ['| parameter | type | default | |', '|---|---|---|---|', ...rows].join('\n');
}
