import { describe, expect, it } from 'vitest';
import { handlersFor } from '../../../src/playbook/handlers.ts';
import type { Play } from '../../../src/playbook/types.ts';
import { load, tasks } from './support.ts';

const files = {
  'site.yml': `
- hosts: all
  roles: [a, b]
  tasks: [{name: t, debug: {}, notify: [Restart, topic]}]
  handlers: [{name: Other, debug: {}, listen: topic}, {name: Restart, debug: {msg: first}}, {name: Restart, debug: {msg: play}, listen: topic}]
`,
  'roles/a/tasks/main.yml': '- {name: ta, debug: {}, notify: Restart}',
  'roles/a/handlers/main.yml': '- {name: Restart, debug: {msg: a}}\n- {name: Only a, debug: {msg: only}}',
  'roles/b/tasks/main.yml': '- {name: tb, debug: {}, notify: [Only a, "a : Restart"]}',
};

const notified = (play: Play | undefined, task: number, name: string) => {
  const one = tasks(play)[task];
  return play && one
    ? handlersFor(play.handlers, one, name).map(({ params }) => JSON.stringify(params).match(/"value":"(\w+)"/)?.[1])
    : [];
};

describe('handlers', () => {
  it("are those of the task's own role, else of the last role or the play, and all that listen", async () => {
    const [play] = await load(files);

    expect(notified(play, 0, 'Restart')).toEqual(['a']);
    expect(notified(play, 1, 'Restart')).toEqual(['first']);
    expect(notified(play, 1, 'Only a')).toEqual(['only']);
    expect(notified(play, 1, 'a : Restart')).toEqual(['a']);
    expect(notified(play, 2, 'Restart')).toEqual(['first']);
    expect(notified(play, 2, 'topic')).toEqual([undefined, 'play']);
    expect(notified(play, 2, 'nothing')).toEqual([]);
  });
});
