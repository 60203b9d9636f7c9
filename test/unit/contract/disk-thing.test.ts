import { describe, expect, it } from 'vitest';
import { diskProbes, diskThing, nameNow, type Reading, Seen } from '../../../src/contract/index.ts';

/** What the kernel has of a disk's VPD page 80h: four bytes before the serial. */
const page = (serial: string): Reading => ({
  is: 'bytes',
  base64: Buffer.from(`\0\u0080\0${String.fromCharCode(serial.length)}${serial}`, 'latin1').toString('base64'),
});
const text = (said: string): Reading => ({ is: 'text', text: `${said}\n` });
const refused: Reading = { is: 'refused', why: 'Invalid argument' };

/** Disks by what they say of themselves, by files under /sys/block. */
const seeing = (files: Readonly<Record<string, Reading>>): Seen =>
  new Seen(
    new Map(
      Object.entries(diskProbes({})).map(([name, probe]) => {
        const [before, after = ''] = name.split('*');
        const own = Object.entries(files).map(([path, said]) => [`/sys/block/${path}`, said] as const);
        const found = own.filter(
          ([path]) => before === '/sys/block/' && path.split('/').slice(4).join('/') === after.slice(1),
        );
        return [name, { probe, reading: { is: 'files', files: Object.fromEntries(found) } }];
      }),
    ),
  );

describe('a disk', () => {
  it.each<[string, Readonly<Record<string, Reading>>, string | undefined]>([
    ['its name of the world', { 'sda/device/wwid': text('naa.5000'), 'sda/device/vpd_pg80': page('A1') }, 'naa.5000'],
    ['its serial, in bytes of SCSI', { 'sda/device/wwid': refused, 'sda/device/vpd_pg80': page('HDD0001') }, 'HDD0001'],
    ['its serial, as virtio has it', { 'sda/serial': text('V1') }, 'V1'],
    ['nothing, where it has none', { 'sda/device/wwid': refused, 'sda/device/vpd_pg80': page('   ') }, undefined],
  ])('is known by %s', (_, files, says) => {
    expect(diskThing('sda', seeing(files))?.says).toBe(says);
  });

  it('is found again under another name', () => {
    const said = (first: string, second: string) =>
      seeing({ 'sda/device/vpd_pg80': page(first), 'sdb/device/vpd_pg80': page(second) });
    const thing = diskThing('sda', said('HDD0001', 'SSD0001'));

    expect(thing && nameNow(thing, said('SSD0001', 'HDD0001'))).toBe('sdb');
    expect(thing && nameNow(thing, said('SSD0001', 'SSD0002'))).toBeUndefined();
  });
});
