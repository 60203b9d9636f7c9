const COLLECTIONS = /^(?:ansible\.(?:builtin|legacy|posix)|community\.(?:general|libvirt))\./;

/** Modules are known here by one word, whatever collection Ansible has them in. */
export const shortName = (module: string): string => module.replace(COLLECTIONS, '');
