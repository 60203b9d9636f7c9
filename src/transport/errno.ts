interface Errno {
  readonly name: string;
  /** What it means to somebody who wanted to read or write a file. */
  readonly meaning: string;
  /** The words of glibc's strerror(3), then musl's where they differ. */
  readonly words: readonly string[];
}

const errno = (name: string, meaning: string, ...words: string[]): Errno => ({ name, meaning, words });

/** See errno(3). */
const ERRNOS: readonly Errno[] = [
  errno('E2BIG', 'too long to be handed to a program', 'Argument list too long'),
  errno('EACCES', 'permission is denied', 'Permission denied'),
  errno('EAGAIN', 'the kernel cannot do it at this moment', 'Resource temporarily unavailable'),
  errno('EBADF', 'it cannot be used in this way', 'Bad file descriptor'),
  errno('EBUSY', 'it is in use', 'Device or resource busy', 'Resource busy'),
  errno('EDQUOT', 'the disk quota is used up', 'Disk quota exceeded', 'Quota exceeded'),
  errno('EEXIST', 'something else stands there', 'File exists'),
  errno('EFAULT', 'the kernel cannot use this value', 'Bad address'),
  errno('EFBIG', 'the value or file is too large', 'File too large'),
  errno('EINTR', 'it was interrupted', 'Interrupted system call'),
  errno('EINVAL', 'the kernel refuses this value', 'Invalid argument'),
  errno('EIO', 'the device or the kernel failed to do it', 'Input/output error', 'I/O error'),
  errno('EISDIR', 'a directory stands there', 'Is a directory'),
  errno('ELOOP', 'its symbolic links go round in a circle', 'Too many levels of symbolic links', 'Symbolic link loop'),
  errno('ENAMETOOLONG', 'the name is too long', 'File name too long', 'Filename too long'),
  errno('ENODATA', 'the kernel has no such value', 'No data available'),
  errno('ENODEV', 'the kernel has no such device', 'No such device'),
  errno('ENOENT', 'there is no such file or directory', 'No such file or directory'),
  errno('ENOMEM', 'memory is short', 'Cannot allocate memory', 'Out of memory'),
  errno('ENOSPC', 'no space is left', 'No space left on device'),
  errno('ENOSYS', 'this kernel does not offer it', 'Function not implemented'),
  errno('ENOTDIR', 'a part of its path is not a directory', 'Not a directory'),
  errno('ENOTEMPTY', 'the directory is not empty', 'Directory not empty'),
  errno('ENXIO', 'the kernel has no such device', 'No such device or address'),
  errno('EOPNOTSUPP', 'this is not offered here', 'Operation not supported', 'Not supported'),
  errno(
    'EOVERFLOW',
    'the value is too large',
    'Value too large for defined data type',
    'Value too large for data type',
  ),
  errno('EPERM', 'the kernel does not allow it', 'Operation not permitted'),
  errno('ERANGE', 'the value is out of range', 'Numerical result out of range', 'Result not representable'),
  errno('EROFS', 'the file system is read-only', 'Read-only file system'),
  errno('ESRCH', 'there is no such process', 'No such process'),
  errno('ESTALE', 'the file server has lost it', 'Stale file handle'),
  errno('ETIMEDOUT', 'it took too long', 'Connection timed out', 'Operation timed out'),
  errno('ETXTBSY', 'the program in it is running', 'Text file busy'),
  errno('EXDEV', 'it is on another file system', 'Invalid cross-device link', 'Cross-device link'),
];

const BY_WORDS = new Map(ERRNOS.flatMap((one) => one.words.map((words) => [words, one] as const)));
const BY_NAME = new Map(ERRNOS.map((one) => [one.name, one]));

export interface Refusal {
  /** The symbolic name, where the words tell it: `EINVAL`. */
  readonly errno?: string;
  readonly meaning?: string;
  /** What a program or the kernel said, without the program's name and the path. */
  readonly words: string;
}

/**
 * What a program's complaint comes to: `dd: error writing '/sys/x': Invalid argument`. Of several lines, the first that
 * ends in words of strerror(3). `kvmplay: EISDIR: …` is our own remote side's.
 */
export function refusalIn(complaint: string): Refusal {
  const lines = complaint.split('\n').filter((line) => line.trim() !== '');
  for (const line of lines) {
    const own = /^kvmplay: ([A-Z0-9]+): (.*)$/.exec(line);
    if (own) return refusal(BY_NAME.get(own[1] ?? ''), own[2] ?? '');
    const known = BY_WORDS.get(afterLastColon(line));
    if (known) return refusal(known, afterLastColon(line));
  }
  return { words: lines[0] ?? '' };
}

const afterLastColon = (line: string): string => line.slice(line.lastIndexOf(': ') + 1).trim();

function refusal(known: Errno | undefined, words: string): Refusal {
  return known ? { errno: known.name, meaning: known.meaning, words } : { words };
}

/** There is no such thing, as against one that cannot be had. */
export const isAbsence = (errno: string | undefined): boolean => errno === 'ENOENT' || errno === 'ENOTDIR';
