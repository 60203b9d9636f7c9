import { z } from 'zod';
import { Problem } from '../src/contract/index.ts';
import {
  defineGuestModule,
  type Element,
  exampleGuest,
  type Field,
  type Guest,
  groundFor,
  parseFragment,
  parseSelector,
  type Selector,
  sameList,
  select,
  XmlMistake,
} from '../src/domain-xml/index.ts';

const path = (unfit: (selector: Selector) => string | undefined = forbidden) =>
  z
    .string()
    .min(1)
    .transform((text, context): { text: string; selector: Selector } => {
      try {
        const selector = parseSelector(text);
        const wrong = unfit(selector);
        if (wrong === undefined) return { text, selector };
        context.addIssue({ code: 'custom', message: `${text}: ${wrong}` });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        context.addIssue({ code: 'custom', message: error.message });
      }
      return z.NEVER;
    });

const fragment = () =>
  z.string().superRefine((text, context) => {
    try {
      parseFragment(text);
    } catch (error) {
      if (!(error instanceof XmlMistake)) throw error;
      context.addIssue({ code: 'custom', message: `line ${error.line} of the XML: ${error.message}` });
    }
  });

const Setting = z.strictObject({
  path: path().describe('To an attribute (`…/@cache`), or to an element, whose text is set.'),
  value: z.union([z.string(), z.number(), z.boolean()]).transform(String).describe('What it is to be.'),
});
const Addition = z.strictObject({
  to: path(secret).describe('The element that it is put into: `devices`. It is made where it is not there.'),
  xml: fragment().describe('One element. It is there when one of its like says all that it says.'),
});

const params = {
  set: z
    .array(Setting)
    .prefault([])
    .describe('Attributes and texts to set. What a path does not find is made, as far as the path says how.'),
  add: z.array(Addition).prefault([]).describe('Elements to add.'),
  remove: z.array(path(removed)).prefault([]).describe('Elements and attributes to take out, all that a path finds.'),
};
type Params = z.infer<z.ZodObject<typeof params>>;

export const domain_xml = defineGuestModule({
  name: 'domain_xml',
  summary: "Set, add or remove anything in guests' XML that no other module is for.",
  notes: `
A path is names between slashes from below \`<domain>\`, with \`[@name=value]\`, \`[child/@name=value]\`, \`[child=value]\` or a number to choose among elements of a
name, and \`@name\` at its end for an attribute: \`devices/disk[target/@dev=vda]/driver/@cache\`. All that it finds is meant. Elements with a prefix are written with it
(\`qemu:commandline\`), and the prefix has to be known there: \`@xmlns:qemu\`.

Everything is taken at the guest's next start. What libvirt writes in another form than it was given (\`machine: q35\` becomes \`pc-q35-7.2\`) never is as asked: say it as
\`virsh dumpxml\` does. Modules that are for a thing know its forms: prefer them.`,
  params,
  asks: ['set', 'add', 'remove'],
  owns: [],
  validate: true,
  wants: (given, guest) => ({ fields: fieldsOf(given, guest) }),
  examples: [
    {
      title: 'A setting that no module is for',
      params: {
        guests: 'all',
        set: [
          { path: 'features/acpi', value: '' },
          { path: 'clock/@offset', value: 'localtime' },
        ],
      },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest('config'),
        '/run/libvirt/qemu/web1.xml': exampleGuest('live'),
      },
    },
    {
      title: 'A device more, and another one less',
      params: {
        guests: 'web1',
        add: [{ to: 'devices', xml: "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>" }],
        remove: ['devices/disk[@device=cdrom]'],
      },
      host: { '/etc/libvirt/qemu/web1.xml': exampleGuest('config') },
    },
    {
      title: "Arguments of QEMU's own",
      params: {
        guests: 'web1',
        set: [{ path: '@xmlns:qemu', value: 'http://libvirt.org/schemas/domain/qemu/1.0' }],
        add: [{ to: 'qemu:commandline', xml: "<qemu:arg value='-no-hpet'/>" }],
      },
      host: { '/etc/libvirt/qemu/web1.xml': exampleGuest('config') },
    },
  ],
});

function secret({ steps, attribute }: Selector): string | undefined {
  if (attribute !== 'passwd' && steps.at(-1)?.name !== 'secret') return undefined;
  return 'libvirt does not show secrets, so nobody can tell whether it is as asked: use `virsh`';
}

/** What cannot be told to be as asked, or is another guest then. */
function forbidden(selector: Selector): string | undefined {
  const { steps, attribute } = selector;
  const names = steps.map(({ name }) => name).join('/');
  const why = secret(selector);
  if (why !== undefined) return why;
  if (attribute === undefined && (names === 'name' || names === 'uuid'))
    return 'with another name or uuid it is another guest: use `virsh domrename`, or define it anew';
  if (steps.length === 0 && attribute === undefined) return 'that is all of the guest';
  if (names === 'devices' && attribute === undefined) return 'that is all of its devices';
  return undefined;
}

function removed(selector: Selector): string | undefined {
  const last = selector.attribute === undefined ? selector.steps.at(-1) : undefined;
  if (last?.tests.some((test) => test.is === 'place'))
    return 'the next one has that number then, and every run would take one more: choose by what is in it, `[target/@dev=vda]`';
  return forbidden(selector);
}

function fieldsOf({ set, add, remove }: Params, guest: Guest): Field[] {
  const gone = remove.flatMap(({ text, selector }) => removals(text, selector, guest.domain));
  const outer = gone.filter(({ at, path }) => !gone.some((other) => other.path === '' && isAround(other.at, at, path)));
  return [
    ...outer,
    ...set.flatMap(({ path, value }) => settings(path.text, path.selector, value, guest)),
    ...add.flatMap(({ to, xml }) => additions(to.text, to.selector, parseFragment(xml), guest)),
  ];
}

/** What stands in an element that goes needs not be taken out of it. */
function isAround(gone: Element, at: Element, path: string): boolean {
  if (gone === at) return path !== '';
  return at.parent !== undefined && (at.parent === gone || isAround(gone, at.parent, path));
}

function removals(text: string, { steps, attribute }: Selector, domain: Element): Field[] {
  const found = select(domain, steps).filter(
    (one) => attribute === undefined || one.attributes.some(({ name }) => name === attribute),
  );
  return found.map((at) => ({
    label: text,
    at,
    path: attribute === undefined ? '' : `@${attribute}`,
    value: null,
    told: `no ${text}`,
  }));
}

function settings(text: string, selector: Selector, value: string, { name, domain, plane }: Guest): Field[] {
  const ground = groundFor(domain, selector);
  if (!ground) {
    if (plane === 'live') return [];
    throw nothingThere(name, text);
  }
  const [full] = ground.filter(({ at, path }) => path === '' && at.children.length > 0);
  if (full)
    throw new Problem(
      'NotAText',
      `${name}: ${text} has elements in it, and no text`,
      'say which element or attribute in it is meant',
    );
  return ground.map(({ at, path }) => ({ label: text, at, path, value, same: sameList }));
}

function additions(text: string, { steps }: Selector, copy: Element, { name, domain, plane }: Guest): Field[] {
  const ground = groundFor(domain, { steps, attribute: undefined });
  if (!ground) {
    if (plane === 'live') return [];
    throw nothingThere(name, text);
  }
  return ground.map(({ at, path }) => ({
    label: text,
    at,
    path,
    value: '',
    copy,
    told: `<${copy.name}> in ${text}`,
  }));
}

const nothingThere = (guest: string, text: string): Problem =>
  new Problem(
    'NothingThere',
    `${guest}: there is no ${text}, and it does not say how one is made`,
    'see `virsh dumpxml`; a device is put in as a whole: `add`',
  );
