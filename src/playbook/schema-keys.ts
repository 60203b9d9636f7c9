import type { z } from 'zod';

/** The keys that a schema knows at a path: what an unknown one may have been meant to be. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const at = path.reduce<readonly z.core.$ZodType[]>(
    (schemas, key) => schemas.flatMap((one) => under(one, key)),
    [schema],
  );
  return [...new Set(at.flatMap(shapes).flatMap((shape) => Object.keys(shape)))];
}

function under(schema: z.core.$ZodType, key: PropertyKey): readonly z.core.$ZodType[] {
  return bare(schema).flatMap((one) => {
    const { def } = (one as z.core.$ZodTypes)._zod;
    if (def.type === 'object') return def.shape[String(key)] ?? def.catchall ?? [];
    if (def.type === 'array') return [def.element];
    return def.type === 'record' ? [def.valueType] : [];
  });
}

const shapes = (schema: z.core.$ZodType): readonly z.core.$ZodShape[] =>
  bare(schema).flatMap((one) => {
    const { def } = (one as z.core.$ZodTypes)._zod;
    return def.type === 'object' ? [def.shape] : [];
  });

/** What a schema comes down to behind optional, default, transform and the like; each alternative of a union. */
function bare(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return bare(def.innerType);
    case 'pipe':
      return bare(def.in);
    case 'union':
      return def.options.flatMap(bare);
    case 'intersection':
      return [...bare(def.left), ...bare(def.right)];
    case 'lazy':
      return bare(def.getter());
    default:
      return [schema];
  }
}
