/** All of domain XML that a module may import. */
export type { Element } from './element.ts';
export { attributeOf, childOf, childrenOf } from './element.ts';
export { exampleGuest } from './example-guest.ts';
export type { Field } from './field.ts';
export type { Guest } from './guest.ts';
export { parseGuest } from './guest.ts';
export { defineGuestModule, guestParams, planGuest } from './guest-module.ts';
export { sameList, says } from './meaning.ts';
export { mergeFields } from './merge.ts';
export { parseFragment, XmlMistake } from './parse.ts';
export { valueAt } from './path.ts';
export type { Selector } from './select.ts';
export { groundFor, parseSelector, select } from './select.ts';
export { kibAt } from './size.ts';
export { emulatorPinOf, ioThreadsOf, pinsOf, strayThreads, vcpusOf } from './threads.ts';
