/** What `omit` is in a template: the parameter whose value it becomes is left out, as if it were not written. */
export const OMIT = Symbol('omit');
