/** Ansible's own collection has the modules that are known here by one word. */
export const shortName = (module: string): string => module.replace(/^ansible\.(?:builtin|legacy)\./, '');
