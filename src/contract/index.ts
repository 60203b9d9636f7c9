/** All that a module may import. */
export type { Action, ActionResult, Base64, SourceFile } from './action.ts';
export { describeAction } from './action.ts';
export { bootProbes, GRUB_DROP_IN, sameBoot, setBootArguments } from './bootloader.ts';
export type { Change, Impact, Pending, Plan, Plane, Reboot } from './change.ts';
export { IMPACTS, NOTHING, planOf, worseThan } from './change.ts';
export { CPU_ARGUMENTS, parseCmdline, sameName, splitCpus } from './cmdline.ts';
export type { Wish } from './cmdline-wish.ts';
export { addArgument, dropArgument, printNodes, setArgument, setHugePages } from './cmdline-wish.ts';
export { complaintOf } from './complaint.ts';
export type { CpuSet } from './cpu-set.ts';
export {
  cpuSet,
  differenceOf,
  formatCpuMask,
  formatCpuSet,
  intersectionOf,
  isWithin,
  parseCpuMask,
  parseCpuSet,
  sameCpus,
  unionOf,
} from './cpu-set.ts';
export { clockRivalProbes, clockRivals, lateDriverProbes, persistLate } from './cpufreq.ts';
export { digestOf, sha1Of, sha256Of } from './digest.ts';
export { BLOCK, chosenDisks, diskProbes, diskThing, udevMatches, udevProbes } from './disks.ts';
export { dropInProbes, dropInSettings, overridden, rivalsOf, setDropIn } from './drop-ins.ts';
export { deliver, deliverProbes } from './files/deliver.ts';
export { editProbes, editText, linesOf } from './files/edit-text.ts';
export { modeOf } from './files/mode.ts';
export type { Place } from './files/place.ts';
export { dirName, linkName, parentOf, placeOf, placeProbes, resolved, statName } from './files/place.ts';
export { treeChange, treeProbes } from './files/tree.ts';
export type { Attributes, WantedFile } from './files/write.ts';
export { contentName, contentProbes, ownedBy, requireParent, setAttributes, writeFile } from './files/write.ts';
export type { Guard, GuardState, Undone } from './guard.ts';
export { guestPins, pinProbes } from './guest-pins.ts';
export type { GuestPlane, GuestXml } from './guests.ts';
export { guestProbe, guestProbes, guestsOf, noGuestsHere } from './guests.ts';
export type { HostReserve } from './host-reserve.ts';
export { cpusFor, printReserve, RESERVE_FILE, reserveOf, reserveProbes } from './host-reserve.ts';
export { hugetlbMountProbes, mountHugetlb } from './hugetlb-mount.ts';
export type { ModuleParameter } from './kernel-module.ts';
export {
  parameterProbes,
  parametersHere,
  persistParameters,
  sameParameter,
  setParameters,
} from './kernel-module.ts';
export type { Knob } from './knob.ts';
export { knobProbes, knobsHere, sameKnob, setKnob, setKnobs } from './knob.ts';
export type { LineFormat } from './lines.ts';
export { pokeKnob, replaceFile } from './make-change.ts';
export type { Example, Module, Shown, Source, TreeEntry } from './module.ts';
export { defineModule } from './module.ts';
export type { Entry } from './mounts/fstab.ts';
export { devicePath, differences, entriesFor, withEntry, withoutEntries } from './mounts/fstab.ts';
export type { Mounted } from './mounts/mountinfo.ts';
export {
  mountedAt,
  mountOf,
  parseMounts,
  printForetold,
  rootOf,
  sameMounts,
  sameType,
  shownOptions,
} from './mounts/mountinfo.ts';
export { forMount, lacks, toRemount, toRestore } from './mounts/options.ts';
export { nearest } from './nearest.ts';
export { numadNotes, numadProbes } from './numad.ts';
export { matches, matchesText } from './pattern.ts';
export type { Probe, Probes } from './probe.ts';
export { command, digest, dir, file, glob, link, memberPath, memberProbe, probeKey, probeName, stat } from './probe.ts';
export { Conflict, NotKnown, Problem } from './problem.ts';
export { pythonJson } from './python-json.ts';
export type { Reading, Stat } from './reading.ts';
export { ABSENT, describeReading, text, unknown } from './reading.ts';
export type { LinearRegex } from './regex.ts';
export { expand, linearRegex } from './regex.ts';
export type { Answer, Remote, Request } from './remote.ts';
export { Unreachable } from './remote.ts';
export { sameReading } from './same.ts';
export { Seen } from './seen.ts';
export { offeredBy, selectedOf } from './selected.ts';
export { formatKib, parseKib } from './size.ts';
export type { SliceCpus } from './slice.ts';
export { noSliceCpus, persistSlice, sameSlices, setSlices, sliceProbes } from './slice.ts';
export { presetTable, presetValues, SYSCTL_PRESET_NAMES } from './sysctl-presets.ts';
export type { Thing } from './thing.ts';
export { nameNow, thingProbe } from './thing.ts';
export { persistKnobs, tmpfilesProbes } from './tmpfiles.ts';
export { TUNED_PROFILE, TUNED_UNIT, tunedNotes, tunedOf, tunedProbes, tunedProfiles, tunedTraces } from './tuned.ts';
export type { TunedSetting } from './tuned-profile.ts';
export type { Unit } from './unit.ts';
export { maskUnits, RUNNING, rivalUnits, sameUnit, shownUnit, unitOf, unitProbe } from './unit.ts';
export type { OwnUnit } from './unit-file.ts';
export { installUnit, ownUnitProbes } from './unit-file.ts';
export { splitWords } from './words.ts';
