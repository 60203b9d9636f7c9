import { type Element, parseXmlDocument } from 'slimdom';

/**
 * Every element and attribute of a text by its way from the root, with what stands there: another look at XML than the one that
 * is tested. What is below a path of `owned` is left out; an element by that path may come and go with its parents.
 */
export function lookAt(text: string, owned: readonly string[]): string[] {
  const root = parseXmlDocument(text.replace(/^\ufeff/, '')).documentElement;
  return root ? linesOf(root, '', owned).filter((line) => line !== '') : [];
}

function linesOf(element: Element, above: string, owned: readonly string[]): string[] {
  const own = owned.filter((path) => path.split('/')[0] === element.nodeName || above === '');
  const below = above === '' ? own : own.map((path) => path.split('/').slice(1).join('/'));
  if (above !== '' && below.includes('')) return [];
  const attributes = element.attributes.map(({ name, value }) => `${name}=${value}`).join(' ');
  const nodes = [...element.childNodes];
  const inside = nodes.flatMap((node) => {
    if (node.nodeType === 1) return linesOf(node as Element, `${above}/${element.nodeName}`, below);
    const kept = node.nodeValue?.trim() ?? '';
    return kept === '' ? [] : [`${above}/${element.nodeName} ${node.nodeType} ${kept}`];
  });
  return [`${above}/${element.nodeName} ${attributes}`, ...inside];
}
