import { styleText } from 'node:util';

export type Colour = 'green' | 'yellow' | 'red' | 'cyan' | 'magenta' | 'dim';
export type Paint = (colour: Colour, text: string) => string;

export const paintNothing: Paint = (_, text) => text;

/** Colours where the stream is a terminal, unless NO_COLOR says no or FORCE_COLOR says yes. */
export function paintFor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env): Paint {
  const wanted = env.FORCE_COLOR
    ? env.FORCE_COLOR !== '0'
    : stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return wanted
    ? (colour, text) =>
        text
          .split('\n')
          .map((line) => styleText(colour, line))
          .join('\n')
    : paintNothing;
}
