import { mistake } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { MapNode } from '../source/node.ts';
import { templateMistakes } from '../template/index.ts';
import type { Loader } from './loader.ts';
import { shortName } from './short-name.ts';

/** Says what is wrong with `module_defaults`. */
export function checkDefaults(defaults: MapNode | undefined, loader: Loader): void {
  for (const { key, keyAt, value } of defaults?.entries ?? []) {
    const { moduleNames } = loader.options;
    if (key.startsWith('group/')) {
      const message = `"${key}": groups of modules have no defaults`;
      loader.found.push(mistake('NotSupported', message, keyAt, 'give them to each module by its name'));
    } else if (!moduleNames.includes(shortName(key))) {
      const message = `there is no module "${key}" to give defaults to`;
      loader.found.push(
        mistake('UnknownModule', message, keyAt, didYouMean(key, moduleNames) ?? 'kvmplay doc lists all modules'),
      );
    } else if (value.kind !== 'map') {
      loader.found.push(
        mistake(
          'BadValue',
          `defaults of "${key}" are a mapping of parameters`,
          value.at,
          `write ${key}: { PARAMETER: VALUE }`,
        ),
      );
    } else loader.found.push(...templateMistakes(value));
  }
}
