import type { SortKey } from "../order";

export interface Column {
  key: string;
  label: string;
  title: string;
  sort: SortKey | null;
  width: string;
  /** From which width of the table on it stands there. */
  shown: string;
  right?: boolean;
}

const always = "";
const narrow = "hidden @min-[38rem]:table-cell";
const first = "hidden @min-[42rem]:table-cell";
const second = "hidden @min-[58rem]:table-cell";
const third = "hidden @min-[66rem]:table-cell";
const fourth = "hidden @min-[72rem]:table-cell";
const fifth = "hidden @min-[76rem]:table-cell";
const sixth = "hidden @min-[84rem]:table-cell";

/** In order of place; those that matter less are left out first, so that the reason has some 200 pixels. */
export const columns: readonly Column[] = [
  { key: "state", label: "State", title: "State", sort: "severity", width: "w-40", shown: always },
  { key: "name", label: "Name", title: "Service and instance", sort: "name", width: "w-52", shown: always },
  { key: "owner", label: "Owner of", title: "Groups that it owns", sort: null, width: "w-26", shown: narrow },
  {
    key: "p99",
    label: "p99 ms",
    title: "Latency that 99 of 100 calls of the last minute did not exceed, in milliseconds",
    sort: "p99",
    width: "w-17",
    shown: always,
    right: true,
  },
  {
    key: "errors",
    label: "Err %",
    title: "Calls that failed in the last minute, in percent",
    sort: "errors",
    width: "w-16",
    shown: first,
    right: true,
  },
  {
    key: "beat",
    label: "Beat",
    title: "Age of the last heartbeat, when it is late",
    sort: "beat",
    width: "w-14",
    shown: second,
    right: true,
  },
  {
    key: "calls",
    label: "Calls/s",
    title: "Calls a second, in the last minute",
    sort: "calls",
    width: "w-17",
    shown: second,
    right: true,
  },
  {
    key: "queue",
    label: "Queue",
    title: "Calls that wait for a free place",
    sort: "queue",
    width: "w-15",
    shown: fifth,
    right: true,
  },
  {
    key: "version",
    label: "Version",
    title: "Version that it runs",
    sort: "version",
    width: "w-20",
    shown: third,
  },
  {
    key: "spark",
    label: "15 min",
    title: "Calls a second over the last 15 minutes",
    sort: null,
    width: "w-21",
    shown: fourth,
  },
  {
    key: "cpu",
    label: "CPU %",
    title: "Percent of one core",
    sort: "cpu",
    width: "w-16",
    shown: sixth,
    right: true,
  },
  {
    key: "memory",
    label: "Memory",
    title: "Resident memory",
    sort: "memory",
    width: "w-21",
    shown: sixth,
    right: true,
  },
  { key: "reason", label: "Reason", title: "Why it is in this state", sort: null, width: "", shown: second },
  { key: "menu", label: "Actions", title: "Actions", sort: null, width: "w-9", shown: always },
];

export const shownOf = (key: string): string => columns.find((column) => column.key === key)?.shown ?? "";
