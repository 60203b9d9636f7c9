import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startTestLab } from '../support/lab.ts';

const MIB = 1 << 20;

describe('a lab of 100 hosts', () => {
  it('answers on every port, and takes less than 1 MiB of memory a host', async () => {
    const before = process.memoryUsage().rss;

    const lab = await startTestLab(100);
    const banners = await Promise.all(lab.hosts.map(({ port }) => bannerOf(port)));
    const grown = process.memoryUsage().rss - before;
    await lab.stop();

    expect(banners.every((banner) => banner.startsWith('SSH-2.0-'))).toBe(true);
    expect(new Set(lab.hosts.map(({ port }) => port)).size).toBe(100);
    expect(new Set(lab.hosts.map(({ rack }) => rack)).size).toBe(4);
    expect(grown).toBeLessThan(100 * MIB);
  });
});

async function bannerOf(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return data.toString();
}
