import { z } from 'zod';
import type { Fact } from './fact.ts';

/** What is wrong with a path into a fact: the part that is not there, and what is there instead. */
export interface NoSuchPart {
  /** Its place in the path. */
  readonly index: number;
  readonly known: readonly string[];
}

/** Whether a fact can have this path. What stands in brackets and is not written out (undefined) may be anything. */
export function checkPath(fact: Fact, path: readonly (string | undefined)[]): NoSuchPart | undefined {
  let schema: z.ZodType | undefined = fact.schema;
  for (const [index, part] of path.entries()) {
    schema = bare(schema);
    if (schema instanceof z.ZodObject) {
      const shape = schema.shape as Record<string, z.ZodType>;
      if (part === undefined) return undefined;
      if (!Object.hasOwn(shape, part)) return { index, known: Object.keys(shape) };
      schema = shape[part];
    } else if (schema instanceof z.ZodArray) {
      if (part !== undefined && !/^\d+$/.test(part))
        return part === 'length' ? undefined : { index, known: ['length'] };
      schema = schema.element as z.ZodType;
    } else if (schema instanceof z.ZodRecord) schema = schema.valueType as z.ZodType;
    else if (schema instanceof z.ZodUnion) return undefined;
    else return { index, known: [] };
  }
  return undefined;
}

/** A fact with its fields, of which each is `leaf`: so that a name that is none is a mistake before anything was read. */
export function shapeOf(fact: Fact, leaf: unknown): unknown {
  const { schema } = fact;
  if (!(schema instanceof z.ZodObject)) return leaf;
  return Object.fromEntries(Object.keys(schema.shape).map((name) => [name, leaf]));
}

/** The reference's rows: name, type, words. */
export function factRows(fact: Fact): readonly (readonly [name: string, type: string, words: string])[] {
  const own = [`facts.${fact.name}`, typeOf(fact.schema), fact.summary] as const;
  return [own, ...fieldsOf(fact.schema, own[0])];
}

function fieldsOf(schema: z.ZodType, name: string): (readonly [string, string, string])[] {
  const inner = bare(schema);
  if (inner instanceof z.ZodArray) return fieldsOf(inner.element as z.ZodType, `${name}[]`);
  if (inner instanceof z.ZodRecord) return fieldsOf(inner.valueType as z.ZodType, `${name}[…]`);
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([key, field]) => [
    [`${name}.${key}`, typeOf(field), field.description ?? ''] as const,
    ...fieldsOf(field, `${name}.${key}`),
  ]);
}

function typeOf(schema: z.ZodType): string {
  const inner = bare(schema);
  const null_ = inner === schema ? '' : ' or null';
  if (inner instanceof z.ZodArray)
    return `list of ${typeOf(inner.element as z.ZodType).replace(/^mapping/, 'mappings')}`;
  if (inner instanceof z.ZodRecord) return 'mapping of names';
  if (inner instanceof z.ZodObject) return 'mapping';
  if (inner instanceof z.ZodBoolean) return `boolean${null_}`;
  if (inner instanceof z.ZodNumber) return `integer${null_}`;
  return `text${null_}`;
}

const bare = (schema: z.ZodType | undefined): z.ZodType | undefined =>
  schema instanceof z.ZodNullable ? (schema.unwrap() as z.ZodType) : schema;
