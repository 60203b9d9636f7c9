/** An XML text that is well-formed, and where each of its elements stands in it. Offsets count UTF-16 code units. */
export interface Xml {
  readonly text: string;
  readonly root: Element;
}

export interface Element {
  /** With its prefix, as it is written. */
  readonly name: string;
  /** The namespace that it belongs to; empty where it has none. */
  readonly uri: string;
  readonly attributes: readonly Attribute[];
  readonly children: readonly Element[];
  readonly parent: Element | undefined;
  /** Its own text, without that of its children. Entities are resolved. */
  readonly text: string;
  readonly at: {
    readonly start: number;
    /** Behind the name in the start tag. */
    readonly name: number;
    /** Behind the start tag. */
    readonly open: number;
    /** Before the end tag; behind the element where it has none. */
    readonly close: number;
    readonly end: number;
  };
  /** `<x/>` */
  readonly isEmptyTag: boolean;
}

export interface Attribute {
  readonly name: string;
  readonly value: string;
  readonly quote: '"' | "'";
  /** `start` is before the white space that goes before it, `value` behind the first quote, `end` behind the last. */
  readonly at: { readonly start: number; readonly value: number; readonly end: number };
}

export const attributeOf = (element: Element, name: string): string | undefined =>
  element.attributes.find((one) => one.name === name)?.value;

export const childrenOf = (element: Element, name: string): readonly Element[] =>
  element.children.filter((one) => one.name === name);

export const childOf = (element: Element | undefined, name: string): Element | undefined =>
  element?.children.find((one) => one.name === name);
