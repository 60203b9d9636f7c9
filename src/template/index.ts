export { bindings } from './bindings.ts';
export { conditionMistakes, templateMistakes } from './check.ts';
export { test } from './condition.ts';
export { makeScope } from './make-scope.ts';
export { isTemplated, renderNode, renderScalar } from './render.ts';
export { renderText } from './render-text.ts';
export type { Binding, Level, Scope } from './scope.ts';
export { isUnknown, known, Unknown } from './unknown.ts';
