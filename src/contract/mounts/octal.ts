/** As fstab and the kernel write what would end a field: blanks and the like by `\040`. Source: fstab(5), getmntent(3). */
export const escapeField = (text: string): string =>
  text.replaceAll(/[ \t\n\\]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}`).replace(/^#/, '\\043');

export const unescapeField = (field: string): string =>
  field.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
