import { stringify } from 'yaml';

/** Plain data as a person would write it in a playbook. */
export function printYaml(data: unknown): string {
  return stringify(data, { lineWidth: 110, singleQuote: true, flowCollectionPadding: true }).trimEnd();
}
